package import Logging
import WorkflowKit

/// Makes partitions before they are needed, and drops them when nobody wants them any more.
///
/// Every node has one; each looks once an hour, and one at a time does what there is to do.
package struct Keeper: Sendable {
    private let retention: Retention
    private let store: any MaintenanceStore
    private let logger: Logger

    private static let interval: Duration = .seconds(3_600)
    /// How often to try again when a table was in use.
    private static let tries = 20

    package init(retention: Retention = Retention(), store: any MaintenanceStore, logger: Logger) {
        self.retention = retention
        self.store = store
        self.logger = logger
    }

    /// Keeps house until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            do {
                _ = try await store.exclusively { await keep() }
            } catch {
                logger.warning("could not keep house", metadata: ["error": "\(error)"])
            }
            // Not all nodes at once.
            try? await Task.sleep(for: Self.interval * Double.random(in: 0.9...1))
        }
    }

    /// Does once what there is to do.
    package func keep() async {
        do {
            let now = try await store.now()
            var hasChanged = try await makePartitions(now)
            if try await dropClosed(now) { hasChanged = true }
            if try await retireJournals(now) { hasChanged = true }
            _ = try await patiently { () throws(StoreError) in try await store.forgetCarried() }
            try await repeatedly { () throws(StoreError) in
                try await store.forgetEvents(before: now - retention.keepClosed)
            }
            try await repeatedly { () throws(StoreError) in
                try await store.forgetAnswers(before: now - Retention.keepAnswers)
            }
            if hasChanged { try await store.analyze() }
        } catch {
            logger.warning("could not tidy up", metadata: ["error": "\(error)"])
        }
    }

    private func makePartitions(_ now: Timestamp) async throws(StoreError) -> Bool {
        let count = retention.daysAhead + 1
        let made = try await patiently { () throws(StoreError) in
            try await store.makePartitions(from: now.utcDay, count: count)
        }
        if made > 0 { logger.info("made partitions", metadata: ["count": "\(made)"]) }
        return made > 0
    }

    private func dropClosed(_ now: Timestamp) async throws(StoreError) -> Bool {
        var hasDropped = false
        for day in try await store.closedDays() where retention.isOver(day: day, at: now) {
            try await patiently { () throws(StoreError) in try await store.dropClosed(day: day) }
            hasDropped = true
        }
        return hasDropped
    }

    private func retireJournals(_ now: Timestamp) async throws(StoreError) -> Bool {
        var hasDropped = false
        for day in try await store.journalDays() where retention.isOver(day: day, at: now) {
            let carried = try await patiently { () throws(StoreError) in
                try await store.retireJournal(day: day, carryMax: retention.carryMax)
            }
            guard let carried else {
                // What comes after it cannot go before it.
                logger.warning(
                    "kept an old partition of journals: too many of its runs are open, or ended lately",
                    metadata: ["day": "\(Timestamp(microsecondsSince1970: Int64(day) * 86_400_000_000).rfc3339())"])
                break
            }
            logger.info("dropped a partition of journals", metadata: ["rows-carried": "\(carried)"])
            hasDropped = true
        }
        return hasDropped
    }

    /// Calls `body` until there is nothing left to do.
    private func repeatedly(_ body: () async throws(StoreError) -> Int) async throws(StoreError) {
        while try await patiently(body) > 0, !Task.isCancelled {}
    }

    /// Tries again for a while when `body` did not get the tables it needs.
    private func patiently<Value>(_ body: () async throws(StoreError) -> Value) async throws(StoreError) -> Value {
        var backoff = Backoff(ceilingMax: .seconds(5))
        for _ in 1..<Self.tries {
            do {
                return try await body()
            } catch {
                guard error.kind == .unavailable, !Task.isCancelled else { throw error }
                await backoff.wait()
            }
        }
        return try await body()
    }
}
