import Foundation
import Logging
import Postgres
import PostgresStore
import RPCServer
import ServiceLifecycle
import Synchronization
import WorkflowKit

/// One node from start to stop.
///
/// Started in order, each step only when the one before it stands: address, PostgreSQL, schema, door. Stopped in the
/// opposite order: the door answers what it accepted before the database under it goes.
final class Node: Service {
    private let plan: NodePlan
    private let logger: Logger
    private let failure = Mutex<Refusal?>(nil)

    init(plan: NodePlan, logger: Logger) {
        self.plan = plan
        self.logger = logger
    }

    /// Why the node could not start; nil after an ordinary stop.
    var refusal: Refusal? { failure.withLock { $0 } }

    func run() async throws {
        do {
            try await start()
        } catch {
            guard let refusal = Refusal(error) else { throw error }
            failure.withLock { $0 = refusal }
        }
    }

    private func start() async throws {
        try plan.listen.probe()
        guard let configuration = plan.database.database else {
            let server = try await EmbeddedPostgres.start(
                dataDirectory: plan.database.dataDirectory, binaries: plan.database.postgresBinaries, logger: logger)
            do {
                try await serve(try PostgresConfiguration(url: server.url), embedded: server)
            } catch {
                await server.stop()
                throw error
            }
            await server.stop()
            return
        }
        try await serve(configuration, embedded: nil)
    }

    private func serve(_ configuration: PostgresConfiguration, embedded: EmbeddedPostgres?) async throws {
        let runner = Migrations.runner(configuration, logger: logger)
        if embedded != nil || plan.appliesMigrations {
            let report = try await runner.up()
            if !report.applied.isEmpty {
                logger.notice("migrated the schema", metadata: ["migrations": "\(report.applied.count)"])
            }
        }
        let verdict = try await runner.verdict()
        guard verdict.isOK else { throw Refusal(.configuration, verdict.description) }
        let pool = PostgresPool(configuration: configuration, size: 8, logger: logger)
        let listener = RPCListener(configuration: plan.listener, dispatcher: dispatcher(pool), logger: logger)
        let port: Int
        do {
            port = try await listener.start()
        } catch {
            await pool.close()
            throw error
        }
        logger.notice(
            "serving",
            metadata: [
                "release": "\(Release.version)", "node": "\(plan.name)", "address": "\(plan.listen.host):\(port)",
                "database": "\(configuration.redactedDescription)",
            ])
        await waitForTheEnd(embedded)
        await listener.drain(grace: plan.grace)
        await pool.close()
    }

    private func dispatcher(_ pool: PostgresPool) -> RPCDispatcher {
        RPCDispatcher(
            methods: [], services: RPCServices(principals: NobodyKnown()),
            identity: ServerIdentity(
                version: Release.version, node: plan.name, hasMutualTLS: plan.tls?.clientAuthorityPath != nil),
            logger: logger)
    }

    /// Returns when the node is told to stop. Until then, its own PostgreSQL is started again whenever it dies.
    private func waitForTheEnd(_ embedded: EmbeddedPostgres?) async {
        await withTaskGroup { group in
            if let embedded {
                group.addTask { [logger] in await Self.keepAlive(embedded, logger) }
            }
            try? await gracefulShutdown()
            group.cancelAll()
        }
    }

    private static func keepAlive(_ server: EmbeddedPostgres, _ logger: Logger) async {
        var pause = Duration.milliseconds(100)
        while !Task.isCancelled {
            await server.exited()
            guard !Task.isCancelled else { return }
            do {
                try await server.restart()
                pause = .milliseconds(100)
            } catch {
                logger.error("could not start PostgreSQL again", metadata: ["reason": "\(error)"])
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(10))
            }
        }
    }
}

/// A store without tokens: every session is refused.
private struct NobodyKnown: PrincipalStore {
    func token(hash: TokenHash, at now: Timestamp) async throws -> AuthenticatedToken? { nil }
    func tokensRevoked(since time: Timestamp) async throws -> [String] { [] }
}
