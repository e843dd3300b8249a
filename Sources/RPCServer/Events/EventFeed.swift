internal import Logging
internal import WorkflowKit

/// Follows the log of events for all subscriptions of this node.
///
/// One query reads what is new for everybody and keeps the last of it in memory. A subscription that is up to date is
/// served from there; one that has fallen behind asks the database for its own, so a slow client costs neither memory
/// nor the others' time.
actor EventFeed {
    /// How many events are kept in memory.
    private static let recentMax = 4_096
    private static let pageMax = 256

    private let store: any EventStore
    private let logger: Logger
    /// The last events, in order and without a gap, up to ``head``.
    private var recent: [PlacedEvent] = []
    /// Every event up to here has been seen by the feed; nil before the first look.
    private var head: Int64?
    /// Subscriptions that have read everything.
    private var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
    private var nextWaiter: UInt64 = 0
    private var subscriptionCount = 0

    init(store: any EventStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// What a subscription is to send next.
    struct Batch: Sendable {
        let events: [PlacedEvent]
        /// Everything up to here has been looked through.
        let position: Int64
    }

    /// Looks for new events until the task is cancelled.
    func run() async {
        var wasGood = true
        var turn = 0
        while !Task.isCancelled {
            do {
                // Without a subscription nobody waits for places to be given out; once in ten seconds keeps those that
                // have none few.
                if subscriptionCount > 0 || turn % 20 == 0 { try await look() }
                turn += 1
                wasGood = true
            } catch {
                if wasGood, !Task.isCancelled { logger.error("could not read events", metadata: ["error": "\(error)"]) }
                wasGood = false
            }
            try? await Task.sleep(for: subscriptionCount > 0 ? .milliseconds(50) : .milliseconds(500))
        }
    }

    func subscriptionBegan() { subscriptionCount += 1 }
    func subscriptionEnded() { subscriptionCount -= 1 }

    /// The place after which an event is new now.
    func now() async throws -> Int64 {
        try await look()
        return head ?? 0
    }

    /// The next events after `position` that pass the filter; waits for one unless there is something to skip.
    func next(after position: Int64, _ filter: EventFilter) async throws -> Batch {
        if head == nil { try await look() }
        if let head, position >= head {
            await untilNews(after: position)
            try Task.checkCancellation()
        }
        if let head, let first = recent.first, position >= first.position - 1 {
            let new = recent[(recent.partitioningIndex { $0.position > position })...]
            let page = new.lazy.filter(filter.admits).prefix(Self.pageMax)
            let events = Array(page)
            return Batch(
                events: events, position: events.count == Self.pageMax ? events[events.count - 1].position : head)
        }
        let reached = head ?? position
        let events = try await store.events(after: position, filter, limit: Self.pageMax)
        // A page that is not full reaches to the end, and the end is at least where the feed stood before the query.
        let last = events.last?.position ?? position
        return Batch(events: events, position: events.count == Self.pageMax ? last : max(reached, last))
    }

    private func look() async throws {
        let last = try await store.place()
        guard let known = head else {
            head = last
            return
        }
        var position = known
        while position < last {
            let events = try await store.allEvents(after: position, limit: 1_000)
            guard let end = events.last?.position else { break }
            append(events)
            position = end
        }
        wake()
    }

    private func append(_ events: [PlacedEvent]) {
        // Another look may have been quicker while this one waited for the database.
        let news = events.filter { $0.position > head ?? 0 }
        guard let end = news.last?.position else { return }
        recent += news
        if recent.count > Self.recentMax { recent.removeFirst(recent.count - Self.recentMax) }
        head = end
    }

    private func wake() {
        let ready = waiting
        waiting = [:]
        for continuation in ready.values { continuation.resume() }
    }

    private func untilNews(after position: Int64) async {
        let waiter = nextWaiter
        nextWaiter += 1
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled || position < head ?? 0 {
                    continuation.resume()
                } else {
                    waiting[waiter] = continuation
                }
            }
        } onCancel: {
            Task { await self.stopWaiting(waiter) }
        }
    }

    private func stopWaiting(_ waiter: UInt64) { waiting.removeValue(forKey: waiter)?.resume() }
}

extension Array {
    /// The first index whose element, and all after it, satisfy `isAfter`.
    fileprivate func partitioningIndex(_ isAfter: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isAfter(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
