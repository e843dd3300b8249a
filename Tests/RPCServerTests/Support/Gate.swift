/// Something to wait for: closed at first, open for ever once opened.
actor Gate {
    private var isOpen = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var arrivals = 0
    private var awaitedArrivals: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []

    /// Counts as one that has come, and waits for nothing.
    func arrive() {
        arrivals += 1
        let reached = awaitedArrivals.filter { $0.count <= arrivals }
        awaitedArrivals.removeAll { $0.count <= arrivals }
        for waiter in reached { waiter.continuation.resume() }
    }

    /// Waits until the gate is open.
    func pass() async {
        arrive()
        if isOpen { return }
        await withCheckedContinuation { waiting.append($0) }
    }

    func open() {
        isOpen = true
        for continuation in waiting { continuation.resume() }
        waiting = []
    }

    /// Waits until so many have come to the gate.
    func arrived(_ count: Int) async {
        if arrivals >= count { return }
        await withCheckedContinuation { awaitedArrivals.append((count, $0)) }
    }

    var arrivalCount: Int { arrivals }
}
