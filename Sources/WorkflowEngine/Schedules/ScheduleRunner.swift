package import Logging
import Synchronization
package import WorkflowCore
package import WorkflowKit

/// Starts the runs of schedules when they fall due.
///
/// Every node has one. It keeps in memory when the next schedule is due and sleeps until then; what others changed it
/// notices when it is told to ``look()``, and within a minute anyway. Of several nodes that wake up at the same moment
/// one finds the schedule, and the others find it taken.
package final class ScheduleRunner: Sendable {
    package let node: Node
    package let store: any ScheduleStore
    private let logger: Logger
    private let looks: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation
    private let state = Mutex(State())

    /// The longest sleep.
    private static let patience: Duration = .seconds(60)
    /// How soon to look again at what is due all the same: another node has it and may die, or it fell due just now.
    private static let takenPause: Duration = .milliseconds(250)
    /// How long a schedule is left alone that could not be carried out.
    private static let failurePause: Duration = .seconds(60)

    private struct State {
        var watched: [RunID: Task<Void, Never>] = [:]
        var failed: [String: ContinuousClock.Instant] = [:]
    }

    package init(node: Node, store: any ScheduleStore, logger: Logger) {
        self.node = node
        self.store = store
        self.logger = logger
        (looks, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Something may be due sooner than it was.
    package func look() { wake.yield() }

    /// Sees to schedules until its task is cancelled.
    package func run() async {
        wake.yield()
        var alarm: Task<Void, Never>?
        var errorPause: Duration = .seconds(1)
        for await _ in looks {
            alarm?.cancel()
            let pause: Duration
            do {
                pause = try await startDue()
                errorPause = .seconds(1)
            } catch {
                pause = errorPause
                errorPause = min(errorPause * 2, Self.patience)
                logger.warning("could not see to schedules", metadata: ["error": "\(error)"])
            }
            alarm = Task { [wake] in
                try? await Task.sleep(for: pause)
                if !Task.isCancelled { wake.yield() }
            }
        }
        alarm?.cancel()
        let watchers = state.withLock { state in
            defer { state.watched = [:] }
            return state.watched.values.map { $0 }
        }
        for watcher in watchers { watcher.cancel() }
    }

    /// Starts everything that is due, and says when to look again.
    private func startDue() async throws -> Duration {
        // Without an incarnation the node does not know the time yet.
        guard node.incarnation != nil else { return Self.takenPause }
        var hasStarted = false
        defer { if hasStarted { node.transactionCommitted() } }
        while !Task.isCancelled {
            do {
                let isMore = try await store.startNext(scope, at: node.clock.now) { [self] schedule, transaction in
                    try await start(schedule, in: transaction)
                }
                guard isMore else { break }
                hasStarted = true
            } catch let failure as ScheduleFailure {
                logger.error(
                    "could not carry out a schedule",
                    metadata: ["schedule": "\(failure.name)", "error": "\(failure.description)"])
                state.withLock { $0.failed[failure.name] = .now + Self.failurePause }
            }
        }
        let outlook = try await store.outlook(scope)
        for run in outlook.awaited { watch(run, isStarter: hasStarted) }
        if outlook.isWaitOver { return Self.takenPause }
        guard let nextAt = outlook.nextAt else { return Self.patience }
        let rest = nextAt - node.clock.now
        return rest > .zero ? min(rest, Self.patience) : Self.takenPause
    }

    private func start(_ schedule: Schedule, in transaction: any Transaction) async throws -> ScheduleProgress {
        let due = schedule.due(at: node.clock.now)
        guard let nextAt = due.nextAt else {
            throw ScheduleFailure(name: schedule.name, "it never falls due again")
        }
        return try await ScheduleStarts(node: node).start(
            schedule, for: due.moments, nextAt: nextAt, in: transaction
        ).progress
    }

    private var scope: ScheduleScope {
        let excluded = state.withLock { state in
            state.failed = state.failed.filter { $0.value > .now }
            return Array(state.failed.keys)
        }
        return ScheduleScope(workflows: node.registry.all.map(\.type.name), excluded: excluded)
    }

    /// Looks again when `run` has ended. Its owner is told at once; others ask for it only if nobody else can be relied
    /// on, because they made the start wait.
    private func watch(_ run: RunID, isStarter: Bool) {
        guard isStarter || node.ownHost(run) != nil else { return }
        state.withLock { state in
            guard state.watched[run] == nil else { return }
            state.watched[run] = Task { await self.waitForEnd(of: run) }
        }
    }

    private func waitForEnd(of run: RunID) async {
        _ = await node.hasEnded(run, within: Self.patience)
        state.withLock { $0.watched[run] = nil }
        if !Task.isCancelled { look() }
    }

    // MARK: On request

    /// Makes or replaces a schedule in `transaction`; call ``changed()`` after its commit.
    ///
    /// - Returns: When it falls due next; nil, and nothing happens, when it never does.
    package func put(
        name: String, workflow: String, input: [UInt8], cadence: (Timestamp) -> Cadence, missed: Schedule.Missed,
        overlap: Schedule.Overlap, in transaction: any Transaction
    ) async throws -> Timestamp? {
        let now = node.clock.now
        let cadence = cadence(now)
        guard let nextAt = cadence.next(after: now) else { return nil }
        return try await store.put(
            Schedule(
                name: name, workflow: workflow, input: input, cadence: cadence, missed: missed, overlap: overlap,
                nextAt: nextAt, createdAt: now), in: transaction)
    }

    /// Starts a run of the schedule now, as if it had fallen due; when it does next stays as it is. Call ``changed()``
    /// after the commit.
    ///
    /// - Returns: The run, or the open one that keeps it from starting; nil when there is no such schedule.
    package func trigger(_ name: String, in transaction: any Transaction) async throws -> Started? {
        guard let schedule = try await store.schedule(locking: name, in: transaction) else { return nil }
        let (progress, runs) = try await ScheduleStarts(node: node).start(
            schedule, for: [node.clock.now], nextAt: schedule.nextAt, in: transaction)
        try await store.advance(schedule, progress, in: transaction)
        return runs.first
    }

    /// A transaction that changed schedules is committed.
    package func changed() {
        look()
        node.transactionCommitted()
    }
}
