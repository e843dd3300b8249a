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
        var waiting: [RunID: [UInt64: Waiter]] = [:]
        var next: UInt64 = 0
        var isTicking = false
        /// Runs that ended on this node a moment ago, in a ring.
        var recent: [RunID] = []
        var recentSet: Set<RunID> = []
        var oldest = 0
    }

    fileprivate struct Waiter {
        let deadline: ContinuousClock.Instant
        let isOwn: Bool
        var lookAt: ContinuousClock.Instant
        var pause: Duration
        /// Nil until the caller is suspended.
        var continuation: CheckedContinuation<Bool, Never>?
        /// What came before that.
        var result: Bool?
    }

    /// How many ends are remembered: who starts a run and then waits for it may come after its end.
    private static let recentMax = 4_096

    init(reader: any RunReader) { self.reader = reader }

    /// Whether the run ended on this node a moment ago; false says nothing.
    func hasEnded(_ run: RunID) -> Bool { state.withLock { $0.recentSet.contains(run) } }

    /// One that waits from now on; its caller may look at the run first without missing its end.
    func register(_ run: RunID, timeout: Duration, isOwn: Bool) -> UInt64 {
        let now = ContinuousClock.now
        let pause = isOwn ? Self.ownPause : Self.tick
        let (number, begins) = state.withLock { state in
            state.next += 1
            state.waiting[run, default: [:]][state.next] = Waiter(
                deadline: now + timeout, isOwn: isOwn, lookAt: now + pause, pause: pause)
            defer { state.isTicking = true }
            return (state.next, !state.isTicking)
        }
        if begins { Task { await tick() } }
        return number
    }

    func unregister(_ run: RunID, _ number: UInt64) { end(run, number, false) }

    /// True once the run has ended; false when the time is over or the task is cancelled.
    func wait(_ run: RunID, _ number: UInt64) async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let result: Bool? = state.withLock { state in
                    guard let waiter = state.waiting[run]?[number] else { return false }
                    if let result = waiter.result {
                        state.remove(run, number)
                        return result
                    }
                    state.waiting[run]?[number]?.continuation = continuation
                    return nil
                }
                if let result { continuation.resume(returning: result) }
            }
        } onCancel: {
            end(run, number, false)
        }
    }

    /// The run has ended.
    func ended(_ run: RunID) {
        let continuations = state.withLock { state in
            state.remember(run, max: Self.recentMax)
            var continuations: [CheckedContinuation<Bool, Never>] = []
            for (number, waiter) in state.waiting[run] ?? [:] {
                if let continuation = waiter.continuation {
                    continuations.append(continuation)
                    state.remove(run, number)
                } else {
                    state.waiting[run]?[number]?.result = true
                }
            }
            return continuations
        }
        for continuation in continuations { continuation.resume(returning: true) }
    }

    private func end(_ run: RunID, _ number: UInt64, _ result: Bool) {
        let waiter = state.withLock { $0.remove(run, number) }
        waiter?.continuation?.resume(returning: result)
    }

    private func tick() async {
        while true {
            try? await Task.sleep(for: Self.tick)
            let now = ContinuousClock.now
            let overdue: [(RunID, UInt64)]
            let toLookFor: [RunID]
            let isDone: Bool
            (overdue, toLookFor, isDone) = state.withLock { state in state.turn(now) }
            for (run, number) in overdue { end(run, number, false) }
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

    @discardableResult
    fileprivate mutating func remove(_ run: RunID, _ number: UInt64) -> Waiters.Waiter? {
        let waiter = waiting[run]?.removeValue(forKey: number)
        if waiting[run]?.isEmpty == true { waiting[run] = nil }
        return waiter
    }

    /// Who has waited long enough, which runs are to be looked for, and whether nobody waits any more.
    fileprivate mutating func turn(
        _ now: ContinuousClock.Instant
    ) -> (overdue: [(RunID, UInt64)], toLookFor: [RunID], isDone: Bool) {
        var overdue: [(RunID, UInt64)] = []
        var toLookFor: [RunID] = []
        for (run, waiters) in waiting {
            var isDue = false
            for (number, var waiter) in waiters {
                if waiter.deadline <= now { overdue.append((run, number)) }
                guard waiter.lookAt <= now else { continue }
                isDue = true
                waiter.pause = waiter.isOwn ? Waiters.ownPause : min(waiter.pause * 2, Waiters.otherPause)
                waiter.lookAt = now + waiter.pause
                waiting[run]?[number] = waiter
            }
            if isDue { toLookFor.append(run) }
        }
        if waiting.isEmpty { isTicking = false }
        return (overdue, toLookFor, waiting.isEmpty)
    }
}
