import RPCServer
import Testing
import WireClient
import WorkflowKit

@Suite struct DiscoverTests {
    func names(_ answer: JSON) -> [String] {
        answer["result"]?["methods"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
    }

    @Test func `each caller is told the methods that its kind may call`() async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            let stranger = names(try await client.call("rpc.discover"))
            #expect(stranger.contains("system.ping") && stranger.contains("session.open"))
            #expect(!stranger.contains("session.whoami") && !stranger.contains("test.change"))
            _ = try await client.call("session.open", ["token": .string(server.principals.add(.partner, id: "P-1"))])
            let partner = names(try await client.call("rpc.discover"))
            #expect(partner.contains("session.whoami") && partner.contains("test.change"))
            #expect(Set(partner).isSuperset(of: stranger))
        }
    }

    @Test func `a prefix narrows it`() async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            #expect(
                names(try await client.call("rpc.discover", ["prefix": "system."])) == ["system.info", "system.ping"])
        }
    }

    @Test func `a method is described by its schemas and errors`() async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            _ = try await client.call("session.open", ["token": .string(server.principals.add(.admin, id: "a"))])
            let document = try await client.call("rpc.discover", ["prefix": "test.change"])["result"]
            #expect(document?["openrpc"]?.stringValue?.hasPrefix("1.") == true)
            let method = try #require(document?["methods"]?[0])
            #expect(method["paramStructure"] == "by-name")
            #expect(method["params"]?.arrayValue?.compactMap { $0["name"] } == ["text", "idempotencyKey"])
            #expect(method["params"]?[0]?["required"] == true)
            #expect(method["result"]?["schema"]?["properties"]?["replayed"] != nil)
            let errors = try #require(method["errors"]?.arrayValue)
            #expect(errors.contains { $0["data"]?["type"] == "test.conflict" && $0["code"] == -32004 })
            for error in errors {
                guard let reference = error["$ref"]?.stringValue else { continue }
                let name = reference.dropFirst("#/components/errors/".count)
                #expect(document?["components"]?["errors"]?[String(name)] != nil)
            }
        }
    }
}
