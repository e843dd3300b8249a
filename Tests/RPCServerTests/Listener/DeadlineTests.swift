import Logging
import NIOCore
import NIOEmbedded
import Testing
import WireClient
import WorkflowKit

@testable import RPCServer

/// One connection on an event loop whose time only passes when it is told to.
struct TimedConnection {
    let channel = NIOAsyncTestingChannel()
    let principals = InMemoryPrincipals()
    let events = InMemoryEvents()
    let recorder = Recorder()

    init() async throws {
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let dispatcher = RPCDispatcher(
            methods: [AnyRPCMethod(WaitMethod(recorder: recorder))],
            services: RPCServices(principals: principals, events: events),
            identity: ServerIdentity(version: "1", node: "n"), logger: logger)
        let registry = ConnectionRegistry(connectionsMax: 10, logger: logger)
        try await channel.testingEventLoop.executeInContext { [channel] in
            let handler = ConnectionHandler(dispatcher: dispatcher, registry: registry, number: 1)
            try channel.pipeline.syncOperations.addHandler(handler)
        }
        try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).get()
    }

    func pass(_ seconds: Int64) async { await channel.testingEventLoop.advanceTime(by: .seconds(seconds)) }

    func send(_ method: String, _ params: JSON = [:]) async throws {
        let request: JSON = ["jsonrpc": "2.0", "id": 1, "method": .string(method), "params": params]
        try await channel.writeInbound(ByteBuffer(string: request.text + "\n"))
    }

    func next() async throws -> JSON {
        let bytes = try await channel.waitForOutboundWrite(as: ByteBuffer.self)
        return try JSON(parsing: String(buffer: bytes))
    }

    func openSession() async throws {
        try await send("session.open", ["token": .string(principals.add(.admin, id: "a"))])
        try #require(try await next()["result"] != nil)
    }

    /// Without a word: nothing was sent that nobody asked for.
    func isClosedInSilence() async throws -> Bool {
        let isSilent = try await channel.readOutbound(as: ByteBuffer.self) == nil
        return isSilent && !channel.isActive
    }
}

@Suite struct DeadlineTests {
    @Test func `a connection that never asks is closed after ten seconds, without a word`() async throws {
        let connection = try await TimedConnection()
        await connection.pass(9)
        #expect(connection.channel.isActive)
        await connection.pass(1)
        #expect(try await connection.isClosedInSilence())
    }

    @Test func `without a session the ten seconds count from the last answer`() async throws {
        let connection = try await TimedConnection()
        await connection.pass(9)
        try await connection.send("system.ping")
        #expect(try await connection.next()["result"]?["pong"] == true)
        await connection.pass(9)
        #expect(connection.channel.isActive)
        await connection.pass(2)
        #expect(try await connection.isClosedInSilence())
    }

    @Test func `bytes that never become a request keep no connection open`() async throws {
        let connection = try await TimedConnection()
        for byte in "{\"jsonrp" {
            try await connection.channel.writeInbound(ByteBuffer(string: String(byte)))
            await connection.pass(1)
        }
        #expect(connection.channel.isActive)
        await connection.pass(2)
        #expect(!connection.channel.isActive)
    }

    @Test func `with a session a connection is closed after ten idle minutes`() async throws {
        let connection = try await TimedConnection()
        try await connection.openSession()
        await connection.pass(599)
        #expect(connection.channel.isActive)
        await connection.pass(1)
        #expect(try await connection.isClosedInSilence())
    }

    @Test func `a request at work keeps its connection open`() async throws {
        let connection = try await TimedConnection()
        try await connection.send("test.wait", ["text": "x"])
        await connection.recorder.gate.arrived(1)
        await connection.pass(3_600)
        #expect(connection.channel.isActive)
        await connection.recorder.gate.open()
        #expect(try await connection.next()["result"]?["text"] == "x")
        await connection.pass(21)
        #expect(try await connection.isClosedInSilence())
    }

    @Test func `a subscription keeps its connection open, and requests on it are answered`() async throws {
        let connection = try await TimedConnection()
        try await connection.openSession()
        try await connection.send("event.subscribe", ["types": ["*"]])
        let subscription = try await connection.next()["result"]?["subscription"]
        await connection.pass(3_600)
        #expect(connection.channel.isActive)
        try await connection.send("event.unsubscribe", ["subscription": try #require(subscription)])
        #expect(try await connection.next()["result"] != nil)
        await connection.pass(1_300)
        #expect(try await connection.isClosedInSilence())
    }
}
