/// Lets one caller at a time work on a key; the others wait in the order in which they came.
actor KeyedLocks<Key: Hashable & Sendable> {
    /// Who waits for each key that is held.
    private var waiting: [Key: [CheckedContinuation<Void, Never>]] = [:]

    /// How many keys are held.
    var heldCount: Int { waiting.count }

    func acquire(_ key: Key) async {
        guard waiting[key] != nil else {
            waiting[key] = []
            return
        }
        await withCheckedContinuation { waiting[key]?.append($0) }
    }

    func release(_ key: Key) {
        guard var queue = waiting[key] else { preconditionFailure("a key that nobody holds was released") }
        guard !queue.isEmpty else {
            waiting[key] = nil
            return
        }
        let next = queue.removeFirst()
        waiting[key] = queue
        next.resume()
    }
}
