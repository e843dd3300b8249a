import Foundation
import TestSupport
import Testing
import WireClient
import WorkflowKit

extension ProtocolTests {
    /// How sessions end: by revocation, by rotation, and not by what belongs to others.
    @Suite struct SessionEndTests {
        @Test func `a revoked token ends its open sessions, and those of others stay`() async throws {
            let node = try ProvenNode.required()
            let made = try await ProvenNode.token(["--kind", "partner", "--partner", "P-9"], node.database)
            let other = try await node.connect(as: "partner")
            let client = try await TestClient(port: node.port)
            let opened = try await client.call("session.open", ["token": try #require(made["token"])])
            #expect(opened["result"]?["expiresAt"] == made["expiresAt"])
            let id = try #require(made["tokenId"]?.stringValue)
            let revoked = try await Command.run(["token", "revoke", id, "--database", node.database.url])
            #expect(revoked.status == 0)
            #expect(await client.line() == nil)
            #expect(try await other.call("session.whoami")["result"] != nil)
            try await other.close()

            let again = try await TestClient(port: node.port)
            let refused = try await again.call("session.open", ["token": try #require(made["token"])])
            #expect(refused["error"]?["data"]?["type"] == "auth.failed")
            #expect(await again.line() == nil)
        }

        @Test func `a rotated token is good beside the new one for as long as it was told`() async throws {
            let node = try ProvenNode.required()
            let made = try await ProvenNode.token(["--kind", "support"], node.database)
            let id = try #require(made["tokenId"]?.stringValue)
            let rotated = try await Command.run([
                "token", "rotate", id, "--json", "--overlap", "1h", "--database", node.database.url,
            ])
            #expect(rotated.status == 0)
            let new = try JSON(parsing: rotated.output)
            #expect(new["tokenId"] != made["tokenId"])
            for token in [made["token"], new["token"]] {
                let client = try await TestClient(port: node.port)
                let opened = try await client.call("session.open", ["token": try #require(token)])
                #expect(opened["result"]?["principal"]?["kind"] == "support")
                try await client.close()
            }
        }

        @Test func `a token is stored as a hash only`() async throws {
            let node = try ProvenNode.required()
            let token = try #require(node.tokens["partner"])
            #expect(token.wholeMatch(of: #/hf_partner_[0-9A-Za-z]{22,}/#) != nil)
            let dump = try await node.database.text(
                "select string_agg(t::text, '|') as dump from holdfast.principal_token as t")
            #expect(!dump.contains(token))
            #expect(!dump.contains(String(token.dropFirst("hf_partner_".count))))
        }
    }
}

/// Nodes whose limits are other than usual.
@Suite struct ConfiguredLimitTests {
    @Test func `each limit can be set, is told, and holds`() async throws {
        try await Command.withFolder { folder in
            let arguments = [
                "--data-dir", folder, "--line-bytes", "2000", "--nesting", "8", "--batch", "2", "--in-flight", "3",
                "--connections", "2", "--auth-ms", "8000",
            ]
            try await ServedNode.serving(arguments, environment: ["HOLDFAST_IDLE_MS": "5000"]) { node in
                let port = try await node.port()
                let client = try await TestClient(port: port)
                let limits = try await client.call("system.info")["result"]?["limits"]
                #expect(limits?["lineBytes"] == 2_000)
                #expect(limits?["nesting"] == 8)
                #expect(limits?["batch"] == 2)
                #expect(limits?["inFlight"] == 3)
                #expect(limits?["connections"] == 2)
                #expect(limits?["authMs"] == 8_000)
                #expect(limits?["idleMs"] == 5_000)
                let ping = #"{"jsonrpc":"2.0","id":1,"method":"system.ping"}"#
                try await client.send("[\(ping),\(ping),\(ping)]\n")
                #expect(try await client.next()["error"]?["data"]?["type"] == "batch.tooLarge")
                try await client.send("[[[[[[[[[]]]]]]]]]\n")
                #expect(try await client.next()["error"]?["data"]?["type"] == "json.invalid")

                // Two more would be three: one is turned away before it says anything.
                let second = try await TestClient(port: port)
                #expect(try await second.call("system.ping")["result"] != nil)
                let third = try await TestClient(port: port)
                #expect(await third.line() == nil)

                // Without a session both are closed without a word.
                #expect(await client.rest() == [])
                #expect(await second.rest() == [])

                // With one, silence ends the connection as well.
                let token = try String(contentsOfFile: folder + "/admin.token", encoding: .utf8)
                    .trimmingCharacters(in: .whitespacesAndNewlines)
                let idle = try await TestClient(port: port)
                #expect(try await idle.call("session.open", ["token": .string(token)])["result"] != nil)
                #expect(await idle.rest() == [])
            }
        }
    }

    @Test func `a limit that no server could work with is refused`() async throws {
        let outcome = try await Command.run(["serve", "--batch", "0"])
        #expect(outcome.status == 64)
        let configured = try await Command.run(["serve"], environment: ["HOLDFAST_LINE_BYTES": "many"])
        #expect(configured.status == 78)
        #expect(configured.errors.contains("lineBytes"))
    }
}
