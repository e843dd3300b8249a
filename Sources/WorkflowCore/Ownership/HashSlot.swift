/// The unit of ownership: every open run lies in one hash slot, and every slot has one owner at a time.
///
/// There are 16,384 slots, enough to spread the load of a few hundred nodes evenly and few enough to list the owners of
/// all of them in a handful of ranges.
package struct HashSlot: Hashable, Comparable, Sendable {
    package static let count: Int32 = 16_384

    package let number: Int32

    package init(_ number: Int32) {
        precondition((0..<Self.count).contains(number), "hash slot \(number) does not exist")
        self.number = number
    }

    /// The slot of everything that must have the same owner because it shares `text`: a business key, a queue.
    ///
    /// FNV-1a over the UTF-8 bytes, folded to 32 bits, modulo the number of slots.
    package init(of text: String) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        let folded = UInt32(truncatingIfNeeded: hash ^ (hash >> 32))
        self.init(Int32(folded % UInt32(Self.count)))
    }

    package static func < (left: HashSlot, right: HashSlot) -> Bool { left.number < right.number }
}

/// Slots `first` to `last`, both included.
package struct SlotRange: Hashable, Sendable {
    package let first: Int32
    package let last: Int32

    package init(first: Int32, last: Int32) {
        precondition(first <= last && first >= 0 && last < HashSlot.count, "no such range of slots")
        self.first = first
        self.last = last
    }

    package static let all = SlotRange(first: 0, last: HashSlot.count - 1)

    package func contains(_ slot: HashSlot) -> Bool { slot.number >= first && slot.number <= last }
    package var count: Int32 { last - first + 1 }

    /// What is left of it when the slots of `other` are taken away: none, one or two ranges.
    package func without(_ other: SlotRange) -> [SlotRange] {
        guard other.first <= last, other.last >= first else { return [self] }
        var rest: [SlotRange] = []
        if first < other.first { rest.append(SlotRange(first: first, last: other.first - 1)) }
        if last > other.last { rest.append(SlotRange(first: other.last + 1, last: last)) }
        return rest
    }
}
