import RPCServer
import Testing
import WireClient
import WorkflowKit

@Suite struct SessionTests {
    @Test func `a token opens a session, once`() async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            #expect(try await client.call("session.whoami")["error"]?["data"]?["type"] == "auth.required")
            let token = JSON.string(server.principals.add(.partner, id: "P-1"))
            let opened = try await client.call("session.open", ["token": token, "client": "test"])
            #expect(
                opened["result"]?["principal"]
                    == ["kind": "partner", "id": "P-1", "name": "Name of P-1", "scopes": []])
            #expect(try await client.call("session.whoami")["result"] == opened["result"])
            let again = try await client.call("session.open", ["token": token])
            #expect(again["error"]?["code"] == -32004)
            #expect(try await client.call("session.whoami")["result"] != nil)
        }
    }

    @Test func `a wrong token is answered and closes the connection`() async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            let wrong = JSON.string("hf_admin_" + String(repeating: "x", count: 22))
            let answer = try await client.call("session.open", ["token": wrong])
            #expect(answer["error"]?["code"] == -32001)
            #expect(answer["error"]?["data"]?["type"] == "auth.failed")
            #expect(await client.line() == nil)
        }
    }

    @Test func `requests sent together with session.open wait for it`() async throws {
        try await TestServer.with { server in
            let token = server.principals.add(.partner, id: "P-1")
            let lines = try await server.exchange(
                """
                {"jsonrpc":"2.0","id":1,"method":"session.open","params":{"token":"\(token)"}}
                {"jsonrpc":"2.0","id":2,"method":"session.whoami"}

                """)
            #expect(lines.count == 2)
            #expect(try lines.map { try JSON(parsing: $0) }.allSatisfy { $0["result"]?["principal"]?["id"] == "P-1" })
        }
    }

    @Test func `so do the members of its batch`() async throws {
        try await TestServer.with { server in
            let token = server.principals.add(.partner, id: "P-1")
            let answer = try await server.answer(
                """
                [{"jsonrpc":"2.0","id":1,"method":"session.open","params":{"token":"\(token)"}},\
                {"jsonrpc":"2.0","id":2,"method":"session.whoami"}]
                """)
            #expect(answer.arrayValue?.allSatisfy { $0["result"]?["principal"]?["id"] == "P-1" } == true)
        }
    }

    @Test func `a kind that may not call a method is told so`() async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            let params: JSON = ["text": "x"]
            #expect(try await client.call("test.change", params)["error"]?["code"] == -32001)
            let token = JSON.string(server.principals.add(.device, id: "5CG"))
            _ = try await client.call("session.open", ["token": token])
            #expect(try await client.call("test.change", params)["error"]?["code"] == -32002)
        }
    }

    @Test func `a revoked token ends its open session, others stay`() async throws {
        try await TestServer.with { server in
            let first = try await server.connect()
            let second = try await server.connect()
            _ = try await first.call("session.open", ["token": .string(server.principals.add(.partner, id: "P-1"))])
            _ = try await second.call("session.open", ["token": .string(server.principals.add(.partner, id: "P-2"))])
            server.principals.revoke(id: "P-1")
            #expect(await first.line() == nil)
            #expect(try await second.call("session.whoami")["result"] != nil)
        }
    }

    @Test func `a token that expires ends its session`() async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            let token = server.principals.add(.partner, id: "P-1", expiresAt: wallClock() + .milliseconds(300))
            _ = try await client.call("session.open", ["token": .string(token)])
            #expect(await client.line() == nil)
        }
    }

    @Test func `a caller that asks too often is told when to come again`() async throws {
        let rates = RateLimits(byKind: [.partner: .init(requestsPerSecond: 1, burst: 2)])
        try await TestServer.with(rates: rates) { server in
            let client = try await server.connect()
            _ = try await client.call("session.open", ["token": .string(server.principals.add(.partner, id: "P-1"))])
            for _ in 0..<2 { #expect(try await client.call("system.ping")["result"] != nil) }
            // On a machine so slow that the allowance comes back between two requests, it takes some more.
            var error: JSON?
            for _ in 0..<100 where error == nil { error = try await client.call("system.ping")["error"] }
            #expect(error?["code"] == -32005)
            #expect((1...1_000).contains(try #require(error?["data"]?["retryAfterMs"]?.intValue)))
        }
    }
}
