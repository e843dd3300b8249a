import Synchronization
import WorkflowKit

/// Those who wait for runs to end.
///
/// A run that ends on this node wakes them directly. The net under that, and the only way for runs of other nodes, is to
/// look into the store from time to time: for all of them in one query, by one task that lives while somebody waits.
final class Waiters: Sendable {
    private let reader: any RunReader
    private let state = Mutex(State())

    /// How exact time limits are, and how soon a run of another node is looked for first.
    private static let tick: Duration = .milliseconds(50)
    /// The longest time between two looks, for runs of this node and of others.
    fileprivate static let (ownPause, otherPause): (Duration, Duration) = (.seconds(5), .seconds(1))
    /// Most runs that one query looks for.
    private static let lookMax = 1_000

    fileprivate struct State {
        var waiting: [RunID: [Waiter]] = [:]
        var isTicking = false
        /// Runs that ended on this node a moment ago, in a ring.
        var recent: [RunID] = []
        var recentSet: Set<RunID> = []
        var oldest = 0
    }

    /// One caller that waits. What changes of it is touched under the lock of the state only.
    final class Waiter: @unchecked Sendable {
        let run: RunID
        fileprivate let deadline: ContinuousClock.Instant
        fileprivate let isOwn: Bool
        fileprivate var lookAt: ContinuousClock.Instant
        fileprivate var pause: Duration
        /// Nil until the caller is suspended.
        fileprivate var continuation: CheckedContinuation<Bool, Never>?
        /// Whether the run ended, once that is known or no longer waited for.
        fileprivate var result: Bool?

        fileprivate init(_ run: RunID, timeout: Duration, isOwn: Bool) {
            self.run = run
            self.isOwn = isOwn
            let now = ContinuousClock.now
            deadline = now + timeout
            pause = isOwn ? Waiters.ownPause : Waiters.tick
            lookAt = now + pause
        }
    }

    /// How many ends are remembered: who starts a run and then waits for it may come after its end.
    private static let recentMax = 4_096

    init(reader: any RunReader) { self.reader = reader }

    /// Whether the run ended on this node a moment ago; false says nothing.
    func hasEnded(_ run: RunID) -> Bool { state.withLock { $0.recentSet.contains(run) } }

    /// One that waits from now on; its caller may look at the run first without missing its end.
    func register(_ run: RunID, timeout: Duration, isOwn: Bool) -> Waiter {
        let waiter = Waiter(run, timeout: timeout, isOwn: isOwn)
        let begins = state.withLock { state in
            if state.waiting[run]?.append(waiter) == nil { state.waiting[run] = [waiter] }
            defer { state.isTicking = true }
            return !state.isTicking
        }
        if begins { Task { await tick() } }
        return waiter
    }

    func unregister(_ waiter: Waiter) { end(waiter, false) }

    /// True once the run has ended; false when the time is over or the task is cancelled.
    func wait(_ waiter: Waiter) async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let result: Bool? = state.withLock { _ in
                    if waiter.result == nil { waiter.continuation = continuation }
                    return waiter.result
                }
                if let result { continuation.resume(returning: result) }
            }
        } onCancel: {
            end(waiter, false)
        }
    }

    /// The run has ended.
    func ended(_ run: RunID) {
        let waiters = state.withLock { state in
            state.remember(run, max: Self.recentMax)
            return state.waiting.removeValue(forKey: run) ?? []
        }
        for waiter in waiters { settle(waiter, true) }
    }

    private func end(_ waiter: Waiter, _ result: Bool) {
        state.withLock { state in
            state.waiting[waiter.run]?.removeAll { $0 === waiter }
            if state.waiting[waiter.run]?.isEmpty == true { state.waiting[waiter.run] = nil }
        }
        settle(waiter, result)
    }

    private func settle(_ waiter: Waiter, _ result: Bool) {
        let continuation = state.withLock { _ in
            if waiter.result == nil { waiter.result = result }
            defer { waiter.continuation = nil }
            return waiter.continuation
        }
        continuation?.resume(returning: result)
    }

    private func tick() async {
        while true {
            try? await Task.sleep(for: Self.tick)
            let now = ContinuousClock.now
            let overdue: [Waiter]
            let toLookFor: [RunID]
            let isDone: Bool
            (overdue, toLookFor, isDone) = state.withLock { state in state.turn(now) }
            for waiter in overdue { settle(waiter, false) }
            if isDone { return }
            for first in stride(from: 0, to: toLookFor.count, by: Self.lookMax) {
                let runs = Array(toLookFor[first..<min(first + Self.lookMax, toLookFor.count)])
                for run in (try? await reader.outcomes(runs)) ?? [] { ended(run) }
            }
        }
    }
}

extension Waiters.State {
    fileprivate mutating func remember(_ run: RunID, max: Int) {
        guard recentSet.insert(run).inserted else { return }
        if recent.count < max { return recent.append(run) }
        recentSet.remove(recent[oldest])
        recent[oldest] = run
        oldest = (oldest + 1) % max
    }

    /// Takes out who has waited long enough; which runs are to be looked for, and whether nobody waits any more.
    fileprivate mutating func turn(
        _ now: ContinuousClock.Instant
    ) -> (overdue: [Waiters.Waiter], toLookFor: [RunID], isDone: Bool) {
        var overdue: [Waiters.Waiter] = []
        var toLookFor: [RunID] = []
        for (run, waiters) in waiting {
            var isDue = false
            for waiter in waiters {
                if waiter.deadline <= now { overdue.append(waiter) }
                guard waiter.lookAt <= now else { continue }
                isDue = true
                waiter.pause = waiter.isOwn ? Waiters.ownPause : min(waiter.pause * 2, Waiters.otherPause)
                waiter.lookAt = now + waiter.pause
            }
            if isDue { toLookFor.append(run) }
        }
        for run in Set(overdue.map(\.run)) {
            waiting[run]?.removeAll { $0.deadline <= now }
            if waiting[run]?.isEmpty == true { waiting[run] = nil }
        }
        if waiting.isEmpty { isTicking = false }
        return (overdue, toLookFor, waiting.isEmpty)
    }
}
