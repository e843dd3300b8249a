import Logging
import NIOCore
import NIOPosix
import NIOSSL
import RPCServer
import Tracing
import WireClient
import WorkflowKit

/// A server on a port of its own, everything in memory.
struct TestServer {
    let listener: RPCListener
    let dispatcher: RPCDispatcher
    let logger: Logger
    let port: Int
    let principals: InMemoryPrincipals
    let audit: InMemoryAudit
    let recorder: Recorder
    let events: InMemoryEvents

    /// Runs `body` against a server and drains it.
    static func with(
        limits: WireLimits = WireLimits(), rates: RateLimits = RateLimits(), tls: ListenerConfiguration.TLS? = nil,
        tracer: any Tracer = NoOpTracer(), isPatient: Bool = true, _ body: (TestServer) async throws -> Void
    ) async throws {
        var limits = limits
        if isPatient, limits.authentication == WireLimits().authentication {
            // A starved machine takes its time, and a test that does not set this limit is not about it.
            limits.authentication = .seconds(600)
        }
        let principals = InMemoryPrincipals()
        let audit = InMemoryAudit()
        let recorder = Recorder()
        let events = InMemoryEvents()
        var logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        logger.logLevel = .debug
        let dispatcher = RPCDispatcher(
            methods: [
                AnyRPCMethod(EchoMethod()), AnyRPCMethod(WaitMethod(recorder: recorder)),
                AnyRPCMethod(OrderedMethod(recorder: recorder)), AnyRPCMethod(ChangeMethod(recorder: recorder)),
                AnyRPCMethod(FailMethod()), AnyRPCMethod(PatientMethod(recorder: recorder)),
                AnyRPCMethod(TracedMethod(tracer: tracer)),
            ],
            services: RPCServices(
                principals: principals, database: InMemoryDatabase(), idempotency: InMemoryIdempotency(),
                audit: audit, events: events, rates: rates),
            identity: ServerIdentity(version: "1.2.3", node: "n1", hasMutualTLS: tls?.clientAuthorityPath != nil),
            limits: limits, spans: RequestSpans(tracer), logger: logger)
        var configuration = ListenerConfiguration()
        configuration.port = 0
        configuration.tls = tls
        let listener = RPCListener(configuration: configuration, dispatcher: dispatcher, logger: logger)
        let port = try await listener.start()
        let server = TestServer(
            listener: listener, dispatcher: dispatcher, logger: logger, port: port, principals: principals,
            audit: audit, recorder: recorder,
            events: events)
        do {
            try await body(server)
        } catch {
            await listener.drain(grace: .milliseconds(100))
            throw error
        }
        await listener.drain(grace: .milliseconds(100))
    }

    /// Another listener in front of the same methods.
    func another(_ configuration: ListenerConfiguration) -> RPCListener {
        RPCListener(configuration: configuration, dispatcher: dispatcher, logger: logger)
    }

    func connect(tls: NIOSSLContext? = nil) async throws -> TestClient { try await TestClient(port: port, tls: tls) }

    /// One connection, one text, everything that comes back until the server closes.
    func exchange(_ text: String) async throws -> [String] {
        let client = try await connect()
        try await client.send(text)
        try await client.halfClose()
        return await client.rest()
    }

    /// The answer to one line, read.
    func answer(_ line: String) async throws -> JSON {
        let lines = try await exchange(line + "\n")
        guard lines.count == 1 else { throw UnexpectedLines(lines: lines) }
        return try JSON(parsing: lines[0])
    }
}

struct UnexpectedLines: Error { let lines: [String] }
