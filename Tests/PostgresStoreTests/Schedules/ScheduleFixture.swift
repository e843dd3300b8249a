import Postgres
import PostgresStore
import Synchronization
import TestSupport
import WorkflowCore
import WorkflowEngine
import WorkflowKit

/// Tells tests that runs of theirs have come to a step, so that they need not ask.
enum Arrivals {
    private static let listeners = Mutex<[String: AsyncStream<Void>.Continuation]>([:])

    /// One element for each arrival under `label` from now on; a step that is made again arrives again.
    static func of(_ label: String) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        listeners.withLock { $0[label] = continuation }
        return stream
    }

    static func tell(_ label: String?) {
        guard let label else { return }
        _ = listeners.withLock { $0[label]?.yield() }
    }
}

/// Ends at once.
struct Tick: Workflow {
    struct Input: Codable, Sendable { var label: String? }

    static let name = "test.tick"

    func run(_ input: Input, _ context: WorkflowContext) async throws -> String {
        try await context.step("arrive") { _ in Arrivals.tell(input.label) }
        return input.label ?? ""
    }
}

/// Waits until it is told to go on.
struct Gate: Workflow {
    struct Input: Codable, Sendable { var label: String? }

    static let name = "test.gate"

    func run(_ input: Input, _ context: WorkflowContext) async throws -> String {
        try await context.step("arrive") { _ in Arrivals.tell(input.label) }
        _ = try await context.signal("go", as: Bool.self)
        return "went"
    }
}

/// A database of a test's own with schedules in it, and nodes that share it.
struct ScheduleFixture: Sendable {
    let configuration: PostgresConfiguration
    let pool: PostgresPool
    let store: PostgresSchedules
    /// A whole second, so that it comes back from the database as it was.
    let now: Timestamp

    static func with(_ body: (ScheduleFixture) async throws -> Void) async throws {
        try await TestDatabase.with { database in
            let configuration = try database.configuration
            let pool = PostgresPool(configuration: configuration, size: 8, logger: TestCluster.logger)
            do {
                let rows = try await pool.query(
                    SQLStatement(
                        "select date_trunc('second', now()) as now, holdfast.make_partitions(current_date - 1, 3) as n")
                )
                try await body(
                    ScheduleFixture(
                        configuration: configuration, pool: pool, store: PostgresSchedules(pool: pool),
                        now: try rows[0].timestamp("now")))
                await pool.close()
            } catch {
                await pool.close()
                throw error
            }
        }
    }

    func node(_ name: String = "one") -> Node {
        let node = PostgresNode.make(
            configuration, settings: NodeSettings(name: name, build: "test"),
            plugins: [Plugin(name: "test", workflows: [WorkflowType(Tick.self), WorkflowType(Gate.self)])],
            transactions: 2, logger: TestCluster.logger)
        node.clock.set(now)
        return node
    }

    func runner(_ node: Node) -> ScheduleRunner {
        ScheduleRunner(node: node, store: store, logger: TestCluster.logger)
    }

    /// Runs a node and its schedules around `body`.
    func serving(_ name: String = "one", _ body: (ScheduleRunner) async throws -> Void) async throws {
        let node = node(name)
        let runner = runner(node)
        let (ready, isReady) = AsyncStream<Void>.makeStream()
        let serving = Task { await node.run { isReady.finish() } }
        for await _ in ready {}
        let running = Task { await runner.run() }
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await body(runner))
        } catch {
            outcome = .failure(error)
        }
        running.cancel()
        await running.value
        node.stop()
        await serving.value
        try outcome.get()
    }

    /// Puts a schedule that is due every `period`, counted from `now`.
    func put(
        _ name: String = "s", workflow: String = Tick.name, every period: Duration = .seconds(60),
        missed: Schedule.Missed = .all, overlap: Schedule.Overlap = .allow
    ) async throws {
        let schedule = Schedule(
            name: name, workflow: workflow, input: Array("{}".utf8), cadence: .every(period, anchor: now),
            missed: missed, overlap: overlap, nextAt: now + period, createdAt: now)
        try await pool.transaction { transaction in _ = try await store.put(schedule, in: transaction) }
    }

    /// Starts what is due at `time`, until there is nothing left for this node.
    func startDue(at time: Timestamp, on node: Node) async throws {
        let scope = ScheduleScope(workflows: [Tick.name, Gate.name], excluded: [])
        while try await store.startNext(
            scope, at: time,
            { schedule, transaction in
                try await Self.start(schedule, at: time, on: node, in: transaction)
            })
        {}
    }

    static func start(
        _ schedule: Schedule, at time: Timestamp, on node: Node, in transaction: any Transaction
    ) async throws -> ScheduleProgress {
        let due = schedule.due(at: time)
        return try await ScheduleStarts(node: node).start(
            schedule, for: due.moments, nextAt: due.nextAt ?? .distantFuture, in: transaction
        ).progress
    }

    func schedule(_ name: String = "s") async throws -> Schedule? {
        try await pool.transaction { transaction in try await store.schedule(locking: name, in: transaction) }
    }

    func openRuns() async throws -> Int {
        try await pool.query(SQLStatement("select count(*)::int as n from holdfast.run"))[0].int("n")
    }

    func endOpenRuns() async throws { try await pool.execute(SQLStatement("delete from holdfast.run")) }
}
