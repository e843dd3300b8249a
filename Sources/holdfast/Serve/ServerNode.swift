import EngineMethods
import Foundation
import HoldingTenant
import Logging
import Postgres
import PostgresStore
import RPCServer
import ServiceLifecycle
import Synchronization
import WorkflowEngine
import WorkflowKit

/// One node from start to stop.
///
/// Started in order, each step only when the one before it stands: address, PostgreSQL, schema, door. Stopped in the
/// opposite order: the door answers what it accepted before the database under it goes.
final class ServerNode: Service {
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
            if Task.isShuttingDownGracefully { return logger.notice("told to stop before it served") }
            guard let refusal = Refusal(error) else { throw error }
            failure.withLock { $0 = refusal }
        }
    }

    private func start() async throws {
        try plan.listen.probe()
        guard let configuration = plan.database.database else {
            let server = try await EmbeddedPostgres.start(
                dataDirectory: plan.database.dataDirectory, binaries: plan.database.postgresBinaries, logger: logger)
            // From now on, so that a start is not left waiting for a server that has died.
            let keeping = Task { [logger] in await Self.keepAlive(server, logger) }
            @Sendable func stop() async {
                keeping.cancel()
                await keeping.value
                await server.stop()
            }
            do {
                try await serve(try PostgresConfiguration(url: server.url), isEmbedded: true)
            } catch {
                await stop()
                throw error
            }
            await stop()
            return
        }
        try await serve(configuration, isEmbedded: false)
    }

    /// Whatever a start has to wait for; the wait ends as cancelled when the node is told to stop meanwhile.
    private static func untilStopped<Value: Sendable>(
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let value = try await cancelWhenGracefulShutdown(work)
        if Task.isShuttingDownGracefully { throw CancellationError() }
        return value
    }

    /// Brings the schema to this release's, if the node may, and checks that it is.
    private func prepareSchema(_ configuration: PostgresConfiguration, isEmbedded: Bool) async throws {
        if !isEmbedded { try await DatabaseOptions.Resolved.tryConnecting(configuration, logger: logger) }
        let runner = Migrations.runner(configuration, logger: logger, observer: tellWaiting)
        if isEmbedded || plan.appliesMigrations {
            let report = try await runner.up()
            if !report.applied.isEmpty {
                logger.notice("migrated the schema", metadata: ["migrations": "\(report.applied.count)"])
            }
        }
        let verdict = try await runner.verdict()
        guard verdict.isOK else { throw Refusal(.configuration, verdict.description) }
    }

    private func serve(_ configuration: PostgresConfiguration, isEmbedded: Bool) async throws {
        try await Self.untilStopped { [self] in try await prepareSchema(configuration, isEmbedded: isEmbedded) }
        // Long enough for a restart of PostgreSQL to go unnoticed, short enough for a caller to hear that it is away.
        let pool = PostgresPool(
            configuration: configuration, size: 8, logger: logger, acquireTimeout: .seconds(3))
        if isEmbedded { try await writeAdminToken(pool) }
        let plugins = Plugins.offered(plan.business, withCanary: plan.offersCanary)
        let engine = PostgresNode.make(
            configuration, settings: plan.engine, plugins: plugins, logger: logger)
        let schedules = ScheduleRunner(node: engine, store: PostgresSchedules(pool: pool), logger: logger)
        let methods = EngineMethods.all(engine) + ScheduleMethods.all(schedules) + plugins.flatMap(\.methods)
        let listener = RPCListener(
            configuration: plan.listener, dispatcher: dispatcher(pool, methods, plugins.flatMap(\.receipts)),
            logger: logger)
        // The door opens when the node has joined the others and the partitions of today are there.
        let (joined, join) = AsyncStream<Void>.makeStream()
        let running = Task {
            await engine.run {
                Plugins.runs.use(engine)
                join.finish()
            }
        }
        /// Whatever hangs on a database that is away is left behind: other nodes, or the next start, take it over.
        @Sendable func stop(_ beside: [Task<Void, Never>], within limit: Duration) async -> Bool {
            for task in beside { task.cancel() }
            return await Self.finishes(within: limit) {
                for task in beside { await task.value }
                engine.stop()
                await running.value
                await pool.close()
            }
        }
        var beside: [Task<Void, Never>] = []
        let port: Int
        do {
            try await Self.untilStopped { for await _ in joined {} }
            beside = [
                Task { await schedules.run() },
                Task { [logger, plan] in
                    await Keeper(retention: plan.retention, store: PostgresMaintenance(pool: pool), logger: logger)
                        .run()
                },
                Task { await FreeMemory.giveBack() },
            ]
            port = try await listener.start()
        } catch {
            _ = await stop(beside, within: .seconds(5))
            throw error
        }
        logger.notice(
            "serving",
            metadata: [
                "release": "\(Release.version)", "node": "\(plan.name)", "address": "\(plan.listen.host):\(port)",
                "database": "\(configuration.redactedDescription)",
            ])
        let story = plan.storySamples.map { samples in
            Task { [plan] in await Self.play(samples, plan, port: port, configuration) }
        }
        try? await gracefulShutdown()
        story?.cancel()
        let deadline = ContinuousClock.now + plan.grace
        await listener.drain(grace: plan.grace)
        if await !stop(beside, within: max(.seconds(5), ContinuousClock.now.duration(to: deadline))) {
            logger.error("gave up waiting for the database; what was under way will be taken over")
        }
    }

    /// A start that waits for others says so.
    @Sendable private func tellWaiting(_ event: MigrationEvent) {
        switch event {
        case .waitingForMigrator(let holder, let waited):
            logger.notice(
                "waiting for another migration",
                metadata: [
                    "holder": "\(holder?.description ?? "it is ending")", "seconds": "\(waited.components.seconds)",
                ])
        case .lockTimedOut(let id, let number, let attempt, _, let blockers):
            logger.notice(
                "a migration gave way to live traffic",
                metadata: [
                    "migration": "\(id)", "statement": "\(number)", "attempt": "\(attempt)",
                    "blockers": "\(blockers.map(\.description).joined(separator: "; "))",
                ])
        default: break
        }
    }

    /// Whether `work` came to its end in time; it goes on if it did not.
    private static func finishes(within time: Duration, _ work: @escaping @Sendable () async -> Void) async -> Bool {
        let (stream, continuation) = AsyncStream<Bool>.makeStream()
        Task {
            await work()
            continuation.yield(true)
        }
        let limit = Task {
            try? await Task.sleep(for: time)
            continuation.yield(false)
        }
        defer { limit.cancel() }
        for await isFinished in stream { return isFinished }
        return false
    }

    /// On the first start there is nobody who could make the first token.
    private func writeAdminToken(_ pool: PostgresPool) async throws {
        let tokens = Tokens(pool: pool)
        let path = plan.database.dataDirectory + "/admin.token"
        let isKnown = try await tokens.principals.list().contains { $0.principal.kind == .admin }
        guard !isKnown || !FileManager.default.fileExists(atPath: path) else { return }
        let admin = Principal(kind: .admin, id: "admin", name: "admin")
        let issued = try await tokens.issue(admin, for: .seconds(365 * 86_400))
        try EmbeddedPostgres.writeSecret(issued.token.text + "\n", to: path)
        logger.notice(
            "wrote an admin token", metadata: ["file": "\(path)", "expires": "\(issued.expiresAt.rfc3339())"])
    }

    private func dispatcher(
        _ pool: PostgresPool, _ methods: [AnyRPCMethod], _ receipts: [EventReceipt]
    ) -> RPCDispatcher {
        RPCDispatcher(
            methods: methods,
            services: RPCServices(
                principals: PostgresPrincipals(pool: pool, clock: wallClock), database: PostgresTenancy(pool: pool),
                idempotency: PostgresIdempotency(pool: pool, clock: wallClock), audit: PostgresAudit(pool: pool),
                events: PostgresEvents(pool: pool, clock: wallClock), receipts: receipts),
            identity: ServerIdentity(
                version: Release.version, node: plan.name, hasMutualTLS: plan.tls?.clientAuthorityPath != nil),
            limits: OpenFiles.limits(plan.limits, logger), logger: logger)
    }

    /// Plays the story for whoever started the node. The node serves on, however the story ends.
    private static func play(
        _ samples: String, _ plan: NodePlan, port: Int, _ database: PostgresConfiguration
    ) async {
        guard let address = ListenAddress("\(plan.listen.urlHost):\(port)"), plan.tls == nil else {
            printNow("The story is played without TLS only; \"holdfast demo --tls-ca\" plays it against this node.")
            return
        }
        do {
            try await Demo(address: address, authority: nil, database: database, samples: samples).play { printNow($0) }
            printNow("The server serves on \(address). Ctrl-C stops it; \"holdfast demo\" plays the story again.")
        } catch {
            guard !Task.isCancelled else { return }
            (Refusal(error) ?? Refusal(.failed, "the story broke off: \(error)")).tell()
        }
    }

    /// Starts the node's own PostgreSQL again whenever it dies.
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
