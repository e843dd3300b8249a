/// Decides which node is to own which slots.
///
/// Every node computes the same plan from the same facts. Slots move only as far as needed: a node keeps what it has up
/// to its fair share, and the surplus goes to those below theirs.
package enum SlotPlan {
    package struct Holding: Hashable, Sendable {
        package let range: SlotRange
        /// The incarnation that owns it; nil when nobody does.
        package let owner: Int64?

        package init(range: SlotRange, owner: Int64?) {
            self.range = range
            self.owner = owner
        }
    }

    /// One range that is to change hands.
    package struct Move: Hashable, Sendable {
        package let range: SlotRange
        package let from: Int64?
        package let to: Int64

        package init(range: SlotRange, from: Int64?, to: Int64) {
            self.range = range
            self.from = from
            self.to = to
        }
    }

    /// - Parameters:
    ///   - holdings: Who owns what now; together they are all slots, each once.
    ///   - members: The incarnations that may own slots.
    package static func moves(holdings: [Holding], members: [Int64]) -> [Move] {
        let members = members.sorted()
        guard !members.isEmpty else { return [] }
        let share = Int(HashSlot.count) / members.count
        let extra = Int(HashSlot.count) % members.count
        var targets: [Int64: Int] = [:]
        for (index, member) in members.enumerated() { targets[member] = share + (index < extra ? 1 : 0) }

        var kept: [Int64: Int] = [:]
        var surplus: [Holding] = []
        for holding in holdings.sorted(by: { $0.range.first < $1.range.first }) {
            guard let owner = holding.owner, let target = targets[owner] else {
                surplus.append(Holding(range: holding.range, owner: nil))
                continue
            }
            let room = max(0, target - kept[owner, default: 0])
            let keeps = min(room, Int(holding.range.count))
            kept[owner, default: 0] += keeps
            if keeps < Int(holding.range.count) {
                let first = holding.range.first + Int32(keeps)
                surplus.append(Holding(range: SlotRange(first: first, last: holding.range.last), owner: owner))
            }
        }

        var moves: [Move] = []
        for member in members {
            var missing = targets[member]! - kept[member, default: 0]
            while missing > 0, let next = surplus.first {
                surplus.removeFirst()
                let taken = min(missing, Int(next.range.count))
                let last = next.range.first + Int32(taken) - 1
                moves.append(
                    Move(range: SlotRange(first: next.range.first, last: last), from: next.owner, to: member))
                missing -= taken
                if last < next.range.last {
                    surplus.insert(
                        Holding(range: SlotRange(first: last + 1, last: next.range.last), owner: next.owner), at: 0)
                }
            }
        }
        return moves
    }
}
