import HoldingTenant
import Logging
import Postgres
import PostgresStore
import Synchronization
import WorkflowEngine
import WorkflowKit

/// The engine of one test: a node that can be dropped as if its process had died, and started anew.
final class TestEngine: Sendable {
    private let configuration: PostgresConfiguration
    private let plugins: [Plugin]
    private let runs: LateRunLauncher
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private let state = Mutex<(node: Node, running: Task<Void, Never>)?>(nil)

    init(_ configuration: PostgresConfiguration, _ plugins: [Plugin], _ runs: LateRunLauncher) {
        self.configuration = configuration
        self.plugins = plugins
        self.runs = runs
    }

    var node: Node {
        guard let node = state.withLock({ $0?.node }) else { preconditionFailure("the engine was not started") }
        return node
    }

    /// Returns when the node has joined.
    func start() async {
        let node = PostgresNode.make(
            configuration, settings: NodeSettings(name: "test", build: "test"), plugins: plugins, transactions: 4,
            logger: logger)
        let (ready, isReady) = AsyncStream.makeStream(of: Void.self)
        let running = Task { [runs] in
            await node.run {
                runs.use(node)
                isReady.finish()
            }
        }
        for await _ in ready {}
        state.withLock { $0 = (node, running) }
    }

    func stop() async {
        let current = state.withLock { $0 }
        current?.node.stop()
        await current?.running.value
    }

    /// Drops the node in the middle of what it does: nothing is handed over, and the sessions of its process end as the
    /// kernel ends them. Then another node starts.
    func kill(_ pool: PostgresPool) async throws {
        let current = state.withLock { $0 }
        current?.running.cancel()
        _ = try await pool.query(
            SQLStatement(
                """
                select count(pg_terminate_backend(pid)) as ended
                from pg_stat_activity
                where datname = current_database() and application_name like 'holdfast-%'
                """))
        await current?.running.value
        await start()
    }
}
