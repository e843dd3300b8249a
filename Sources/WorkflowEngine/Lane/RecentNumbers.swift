import DequeModule

/// Remembers the numbers that were put in last.
struct RecentNumbers {
    let countMax: Int
    private var numbers: Set<Int64> = []
    private var order: Deque<Int64> = []

    init(countMax: Int) { self.countMax = countMax }

    func contains(_ number: Int64) -> Bool { numbers.contains(number) }

    mutating func insert(_ number: Int64) {
        guard numbers.insert(number).inserted else { return }
        order.append(number)
        if order.count > countMax, let oldest = order.popFirst() { numbers.remove(oldest) }
    }
}
