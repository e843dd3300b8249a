import RPCServer
import Testing
import WireClient
import WorkflowKit

@Suite struct ListenerTests {
    let ping = #"{"jsonrpc":"2.0","id":1,"method":"system.ping"}"# + "\n"

    func wait(_ id: Int) -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"test.wait","params":{"text":""}}"# + "\n"
    }

    @Test func `what was received before a half-close is answered, then the server closes`() async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            try await client.send(wait(1) + wait(2) + ping)
            try await client.halfClose()
            await server.recorder.gate.arrived(2)
            await server.recorder.gate.open()
            #expect(await client.rest().count == 3)
        }
    }

    @Test func `a line that is too long is answered after the earlier lines, and the connection closes`() async throws {
        var limits = WireLimits()
        limits.lineBytes = 200
        try await TestServer.with(limits: limits) { server in
            let client = try await server.connect()
            try await client.send(wait(1) + String(repeating: "x", count: 100_000) + "\n" + ping)
            await server.recorder.gate.arrived(1)
            await server.recorder.gate.open()
            let lines = await client.rest()
            #expect(lines.count == 2)
            #expect(try JSON(parsing: lines[0])["id"] == 1)
            let error = try JSON(parsing: lines[1])
            #expect(error["id"] == .null)
            #expect(error["error"]?["code"] == -32600)
            #expect(error["error"]?["data"]?["type"] == "line.tooLong")
        }
    }

    @Test func `requests run at the same time and are answered as they finish`() async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            try await client.send(wait(7))
            await server.recorder.gate.arrived(1)
            #expect(try await client.call("test.echo", ["text": "x"], id: 8)["id"] == 8)
            await server.recorder.gate.open()
            #expect(try await client.next()["id"] == 7)
        }
    }

    @Test func `requests that touch the same entity keep their order`() async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            let texts = ["first"] + (0..<20).map(String.init)
            for text in texts {
                try await client.send(
                    #"{"jsonrpc":"2.0","id":1,"method":"test.ordered","params":{"text":"\#(text)"}}"# + "\n")
            }
            await server.recorder.gate.arrived(1)
            // The others had their chance once a request that came after them is answered.
            #expect(try await client.call("system.ping", id: 2)["id"] == 2)
            #expect(server.recorder.seen == [])
            await server.recorder.gate.open()
            for _ in texts { _ = try await client.next() }
            #expect(server.recorder.seen == texts)
        }
    }

    @Test func `past the limit of requests at work the server stops reading, and loses nothing`() async throws {
        var limits = WireLimits()
        limits.inFlight = 4
        try await TestServer.with(limits: limits) { server in
            let client = try await server.connect()
            for id in 0..<50 { try await client.send(wait(id)) }
            try await client.send(ping)
            await server.recorder.gate.arrived(4)
            // The ping would be answered at once if it had been read.
            #expect(await server.recorder.gate.arrivalCount == 4)
            await server.recorder.gate.open()
            var ids: Set<Int> = []
            for _ in 0..<51 { ids.insert(try #require(try await client.next()["id"]?.intValue)) }
            #expect(ids == Set(0..<50))
        }
    }

    @Test func `a client that does not read is not read from, and gets everything once it does`() async throws {
        var limits = WireLimits()
        limits.unsentBytes = 64 << 10
        try await TestServer.with(limits: limits) { server in
            let client = try await server.connect()
            try await client.setReading(false)
            let text = String(repeating: "x", count: 20_000)
            let line = #"{"jsonrpc":"2.0","id":1,"method":"test.echo","params":{"text":"\#(text)"}}"# + "\n"
            for _ in 0..<500 { client.sendLater(line) }
            // Another client is served meanwhile.
            #expect(try await server.connect().call("system.ping")["result"]?["pong"] == true)
            try await client.setReading(true)
            for _ in 0..<500 { #expect(await client.line()?.contains(text) == true) }
        }
    }

    @Test func `past the limit of connections a client is turned away`() async throws {
        var limits = WireLimits()
        limits.connections = 2
        try await TestServer.with(limits: limits) { server in
            let clients = [try await server.connect(), try await server.connect()]
            for client in clients { #expect(try await client.call("system.ping")["result"] != nil) }
            let other = try await server.connect()
            #expect(await other.rest() == [])
            try await clients[0].close()
            while server.listener.connectionCount == 2 { await Task.yield() }
            #expect(try await server.connect().call("system.ping")["result"] != nil)
        }
    }

    @Test func `draining answers what was accepted and closes`() async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            try await client.send(wait(1) + wait(2))
            await server.recorder.gate.arrived(2)
            async let drained: Void = server.listener.drain(grace: .seconds(30))
            // A new client finds nobody once draining has begun.
            while (try? await server.connect()) != nil { await Task.yield() }
            await server.recorder.gate.open()
            #expect(await client.rest().count == 2)
            await drained
        }
    }

    @Test func `draining gives up on a request that never ends`() async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            try await client.send(wait(1))
            await server.recorder.gate.arrived(1)
            await server.listener.drain(grace: .milliseconds(50))
            #expect(await client.rest() == [])
            await server.recorder.gate.open()
        }
    }

    @Test func `without TLS only loopback is listened on, unless it is allowed`() async throws {
        try await TestServer.with { server in
            var configuration = ListenerConfiguration()
            configuration.host = "0.0.0.0"
            configuration.port = 0
            let refused = server.another(configuration)
            await #expect(throws: ListenerError.self) { try await refused.start() }
            configuration.allowsPlaintextBeyondLoopback = true
            let allowed = server.another(configuration)
            let port = try await allowed.start()
            #expect(port > 0)
            await allowed.drain(grace: .zero)
        }
    }

    @Test func `a port that is taken is an error that says so`() async throws {
        try await TestServer.with { server in
            var configuration = ListenerConfiguration()
            configuration.port = server.port
            let error = await #expect(throws: ListenerError.self) { try await server.another(configuration).start() }
            #expect(error?.description.contains("could not listen on 127.0.0.1:\(server.port)") == true)
        }
    }
}
