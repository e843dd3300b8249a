import EngineMethods
import Postgres
import PostgresStore
import Synchronization
import TestSupport
import Testing
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

/// An administrator of a node that serves, on a database of the test's own.
struct ScheduleClient {
    private struct Transactions: RPCTransactions {
        let pool: PostgresPool

        func read<Value: Sendable>(
            _ body: @escaping @Sendable (any Transaction) async throws -> Value
        ) async throws -> Value {
            try await pool.transaction { transaction in try await body(transaction) }
        }

        func change<Value: Encodable & Sendable>(
            _ entity: String, _ body: @escaping @Sendable (any Transaction) async throws -> Value
        ) async throws -> Value {
            try await pool.transaction { transaction in try await body(transaction) }
        }
    }

    let pool: PostgresPool
    let runner: ScheduleRunner

    var node: Node { runner.node }

    static func serving(_ body: (ScheduleClient) async throws -> Void) async throws {
        try await TestDatabase.with { database in
            let configuration = try database.configuration
            let pool = PostgresPool(configuration: configuration, size: 4, logger: TestCluster.logger)
            let node = PostgresNode.make(
                configuration, settings: NodeSettings(name: "one", build: "test"),
                plugins: [Plugin(name: "test", workflows: [WorkflowType(Tick.self), WorkflowType(Gate.self)])],
                transactions: 2, logger: TestCluster.logger)
            let runner = ScheduleRunner(
                node: node, store: PostgresSchedules(pool: pool), logger: TestCluster.logger)
            let (ready, isReady) = AsyncStream<Void>.makeStream()
            let serving = Task { await node.run { isReady.finish() } }
            for await _ in ready {}
            let running = Task { await runner.run() }
            let outcome: Result<Void, any Error>
            do {
                outcome = .success(try await body(ScheduleClient(pool: pool, runner: runner)))
            } catch {
                outcome = .failure(error)
            }
            running.cancel()
            await running.value
            node.stop()
            await serving.value
            await pool.close()
            try outcome.get()
        }
    }

    @discardableResult
    func call(_ method: String, _ params: String) async throws -> JSON {
        let context = RPCContext(
            caller: Principal(kind: .admin, id: "a", name: ""), requestID: "r", idempotencyKey: nil,
            now: node.clock.now, resultBytesMax: 1_000_000, transactions: Transactions(pool: pool))
        let found = try #require(ScheduleMethods.all(runner).first { $0.name == method })
        return try await found.prepare(try JSON(parsing: Array(params.utf8))).call(context)
    }

    /// What the call was refused with; nil when it was not.
    func refusal(_ method: String, _ params: String) async throws -> RPCError? {
        do {
            try await call(method, params)
            return nil
        } catch let error as RPCError {
            return error
        }
    }

    /// The schedule as it is stored.
    func schedule(_ name: String = "s") async throws -> Schedule? {
        let store = runner.store
        return try await pool.transaction { transaction in
            try await store.schedule(locking: name, in: transaction)
        }
    }
}
