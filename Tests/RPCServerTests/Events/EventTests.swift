import RPCServer
import Testing
import WireClient
import WorkflowKit

@Suite struct EventTests {
    func open(_ server: TestServer, _ kind: PrincipalKind, _ id: String) async throws -> TestClient {
        let client = try await server.connect()
        let opened = try await client.call("session.open", ["token": .string(server.principals.add(kind, id: id))])
        try #require(opened["result"] != nil)
        return client
    }

    @Test func `a subscriber gets its own events of the types it asked for, in order`() async throws {
        try await TestServer.with { server in
            let client = try await open(server, .partner, "P-1")
            server.events.emit("repair.routed", to: [.partner("P-1")], ["n": 0])
            let answer = try await client.call("event.subscribe", ["types": ["repair.*", "tenant.created"]])
            #expect(answer["result"]?["cursor"] == "e1")
            let subscription = try #require(answer["result"]?["subscription"])
            server.events.emit("repair.routed", to: [.partner("P-2")], ["n": 1])
            server.events.emit("support.changed", to: [.partner("P-1")], ["n": 2])
            server.events.emit("repair.changed", to: [.partner("P-2"), .partner("P-1")], ["n": 3])
            server.events.emit("tenant.created", to: [.partner("P-1")], ["n": 4, "text": "a\u{2028}b"])
            let first = try await client.next()
            #expect(
                first == [
                    "jsonrpc": "2.0", "method": "event",
                    "params": [
                        "subscription": subscription, "cursor": "e4", "type": "repair.changed",
                        "at": "2026-03-01T09:30:00.250Z", "data": ["n": 3],
                    ],
                ])
            #expect(try await client.next()["params"]?["data"]?["n"] == 4)
        }
    }

    @Test func `an admin sees all events, from the beginning if it likes`() async throws {
        try await TestServer.with { server in
            for number in 0..<1_000 {
                server.events.emit("run.ended", to: Event.Audience.nobodyElse, ["n": .int(number)])
            }
            let client = try await open(server, .admin, "a")
            _ = try await client.call("event.subscribe", ["types": ["*"], "after": "beginning"])
            for number in 0..<1_000 { #expect(try await client.next()["params"]?["data"]?["n"] == .int(number)) }
            server.events.emit("run.ended", to: Event.Audience.nobodyElse, ["n": 1_000])
            #expect(try await client.next()["params"]?["cursor"] == "e1001")
        }
    }

    @Test func `a named subscription goes on after its last ack`() async throws {
        try await TestServer.with { server in
            let params: JSON = ["types": ["repair.*"], "name": "mine"]
            let first = try await open(server, .partner, "P-1")
            #expect(
                try await first.call("event.subscribe", params)["result"] == ["subscription": "mine", "cursor": "e0"])
            for number in 1...3 { server.events.emit("repair.changed", to: [.partner("P-1")], ["n": .int(number)]) }
            #expect(try await first.next()["params"]?["cursor"] == "e1")
            try await first.close()

            // Nothing was acknowledged: all of it comes again.
            let second = try await open(server, .partner, "P-1")
            _ = try await second.call("event.subscribe", params)
            for number in 1...3 { #expect(try await second.next()["params"]?["data"]?["n"] == .int(number)) }
            let ack = try await second.call("event.ack", ["subscription": "mine", "cursor": "e2"])
            #expect(ack["result"]?["cursor"] == "e2")
            let back = try await second.call("event.ack", ["subscription": "mine", "cursor": "e1"])
            #expect(back["result"]?["cursor"] == "e2")
            try await second.close()

            let third = try await open(server, .partner, "P-1")
            #expect(try await third.call("event.subscribe", params)["result"]?["cursor"] == "e2")
            #expect(try await third.next()["params"]?["cursor"] == "e3")
        }
    }

    @Test func `no event comes before the answer to its subscribing, also when others are answered first`()
        async throws
    {
        try await TestServer.with { server in
            let client = try await open(server, .partner, "P-1")
            let other = try await open(server, .partner, "P-1")
            _ = try await other.call("event.subscribe", ["types": ["*"], "after": "beginning"])
            server.events.emit("repair.changed", to: [.partner("P-1")])
            // Once one has it, it is at hand for the next.
            #expect(try await other.next()["method"] == "event")
            // The batch is answered as a whole, when the gate is open.
            try await client.send(
                """
                [{"jsonrpc":"2.0","id":1,"method":"event.subscribe","params":{"types":["*"],"after":"beginning"}},\
                {"jsonrpc":"2.0","id":2,"method":"test.wait","params":{"text":"a"}}]

                """)
            await server.recorder.gate.arrived(1)
            for number in 0..<50 {
                try await client.send(#"{"jsonrpc":"2.0","id":\#(number),"method":"system.ping"}"# + "\n")
                #expect(try await client.next()["id"] == .int(number))
            }
            await server.recorder.gate.open()
            #expect(try await client.next().arrayValue?.count == 2)
            #expect(try await client.next()["method"] == "event")
        }
    }

    @Test func `subscriptions are listed, ended and forgotten`() async throws {
        try await TestServer.with { server in
            let client = try await open(server, .partner, "P-1")
            _ = try await client.call("event.subscribe", ["types": ["*"], "name": "mine"])
            _ = try await client.call("event.subscribe", ["types": ["*"]])
            let items = try await client.call("event.subscriptions")["result"]?["items"]
            #expect(items?.arrayValue?.map { $0["active"] } == [true, true])
            let again = try await client.call("event.subscribe", ["types": ["*"], "name": "mine"])
            #expect(again["error"]?["code"] == -32004)
            #expect(try await client.call("event.unsubscribe", ["subscription": "mine"])["result"] != nil)
            let kept = try await client.call("event.subscriptions")["result"]?["items"]
            #expect(kept?[0]?["active"] == false)
            let forgotten = try await client.call("event.unsubscribe", ["subscription": "mine", "forget": true])
            #expect(forgotten["result"] != nil)
            let unknown = try await client.call("event.unsubscribe", ["subscription": "mine"])
            #expect(unknown["error"]?["data"]?["type"] == "subscription.notFound")
        }
    }

    @Test(arguments: ["", "repair.*.x", "a b", "repair*", "%", "é"])
    func `what is no type of event is refused`(type: String) async throws {
        try await TestServer.with { server in
            let client = try await open(server, .partner, "P-1")
            let answer = try await client.call("event.subscribe", ["types": ["*", .string(type)]])
            #expect(answer["error"]?["data"]?["fields"]?[0]?["path"] == "types[1]")
        }
    }

    @Test func `a client that does not read is served from the store and keeps nobody waiting`() async throws {
        var limits = WireLimits()
        limits.unsentBytes = 16 << 10
        try await TestServer.with(limits: limits) { server in
            let slow = try await open(server, .admin, "slow")
            let quick = try await open(server, .admin, "quick")
            for client in [slow, quick] { _ = try await client.call("event.subscribe", ["types": ["*"]]) }
            try await slow.setReading(false)
            let text = JSON.string(String(repeating: "x", count: 2_000))
            let count = 9_000
            for number in 1...count { server.events.emit("a.b", to: [], ["n": .int(number), "text": text]) }
            for number in 1...count { #expect(try await quick.next()["params"]?["cursor"] == .string("e\(number)")) }
            try await slow.setReading(true)
            for number in 1...count { #expect(try await slow.next()["params"]?["cursor"] == .string("e\(number)")) }
            #expect(server.events.filteredReads > 0)
        }
    }
}
