import Testing
import WorkflowCore
import WorkflowKit

@Suite struct HashSlotTests {
    @Test func `equal texts lie in the same slot, on every machine and in every release`() {
        #expect(HashSlot(of: "order/4711") == HashSlot(of: "order/4711"))
        #expect(HashSlot(of: "").number == 16321)
        #expect(HashSlot(of: "order/4711").number == 16288)
    }

    @Test func `keys spread over all the slots`() {
        var counts = [Int](repeating: 0, count: 16)
        for number in 0..<16_000 { counts[Int(HashSlot(of: "key-\(number)").number / 1_024)] += 1 }
        #expect(counts.allSatisfy { (800...1_200).contains($0) }, "\(counts)")
    }

    @Test func `taking a range away leaves what lies before and behind it`() {
        let range = SlotRange(first: 10, last: 20)
        #expect(range.without(SlotRange(first: 0, last: 9)) == [range])
        #expect(range.without(SlotRange(first: 21, last: 30)) == [range])
        #expect(range.without(SlotRange(first: 0, last: 12)) == [SlotRange(first: 13, last: 20)])
        #expect(range.without(SlotRange(first: 15, last: 30)) == [SlotRange(first: 10, last: 14)])
        #expect(
            range.without(SlotRange(first: 12, last: 13))
                == [SlotRange(first: 10, last: 11), SlotRange(first: 14, last: 20)])
        #expect(range.without(SlotRange(first: 10, last: 20)).isEmpty)
    }
}

@Suite struct SlotPlanTests {
    /// Owners by slot, after `moves`; an owner that is no member counts as none.
    private func owners(_ holdings: [SlotPlan.Holding], _ moves: [SlotPlan.Move], _ members: [Int64]) -> [Int64?] {
        var owners = [Int64?](repeating: nil, count: Int(HashSlot.count))
        for holding in holdings {
            let owner = holding.owner.flatMap { members.contains($0) ? $0 : nil }
            for slot in holding.range.slots { owners[slot] = owner }
        }
        for move in moves {
            #expect(Set(owners[move.range.slots]) == [move.from])
            for slot in move.range.slots { owners[slot] = move.to }
        }
        return owners
    }

    @Test func `every slot gets an owner, the shares are even, and no more slots move than must`() {
        let seed = randomSeed()
        var random = SplitMix(seed: seed)
        for _ in 0..<12 {
            let old = (1...Int64.random(in: 1...6, using: &random)).map { $0 }
            let holdings = Self.randomHoldings(old, &random)
            let leaving = Set(old.filter { _ in Int.random(in: 0..<4, using: &random) == 0 })
            let members = old.filter { !leaving.contains($0) } + (10..<(10 + Int64.random(in: 0...3, using: &random)))
            let moves = SlotPlan.moves(holdings: holdings, members: members)
            guard !members.isEmpty else {
                #expect(moves.isEmpty)
                continue
            }
            let (before, after) = (owners(holdings, [], members), owners(holdings, moves, members))
            let counts = Dictionary(grouping: after.compactMap { $0 }) { $0 }.mapValues(\.count)
            #expect(!after.contains(nil), "HOLDFAST_SEED=\(seed)")
            #expect(Set(counts.keys) == Set(members), "HOLDFAST_SEED=\(seed)")
            #expect(counts.values.max()! - counts.values.min()! <= 1, "HOLDFAST_SEED=\(seed)")
            // A member gives away only what it has beyond its share.
            for member in members {
                let had = before.count { $0 == member }
                let kept = zip(before, after).count { $0 == member && $1 == member }
                #expect(kept == min(had, counts[member]!), "HOLDFAST_SEED=\(seed)")
            }
        }
    }

    @Test func `a plan that was carried out asks for nothing more`() {
        let holdings = [SlotPlan.Holding(range: .all, owner: 1)]
        let moves = SlotPlan.moves(holdings: holdings, members: [1, 2, 3])
        let after = owners(holdings, moves, [1, 2, 3])
        var next: [SlotPlan.Holding] = []
        for (slot, owner) in after.enumerated() {
            next.append(SlotPlan.Holding(range: SlotRange(first: Int32(slot), last: Int32(slot)), owner: owner))
        }
        #expect(!moves.isEmpty)
        #expect(SlotPlan.moves(holdings: next, members: [1, 2, 3]).isEmpty)
    }

    private static func randomHoldings(_ owners: [Int64], _ random: inout SplitMix) -> [SlotPlan.Holding] {
        let cuts = (0..<12).map { _ in Int32.random(in: 1..<HashSlot.count, using: &random) }
        let bounds = [0] + Set(cuts).sorted() + [HashSlot.count]
        return zip(bounds, bounds.dropFirst()).map { first, next in
            let owner = Int.random(in: 0..<5, using: &random) == 0 ? nil : owners.randomElement(using: &random)
            return SlotPlan.Holding(range: SlotRange(first: first, last: next - 1), owner: owner)
        }
    }
}

extension SlotRange {
    fileprivate var slots: ClosedRange<Int> { Int(first)...Int(last) }
}
