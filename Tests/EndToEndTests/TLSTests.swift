import Foundation
import Testing
import WireClient
import WorkflowKit

/// TLS and mutual TLS, through the options of `serve`.
@Suite(.enabled(if: TestAuthority.isPossible)) struct TLSTests {
    @Test func `a node with a certificate is served over TLS, and clients' certificates open their sessions`()
        async throws
    {
        let authority = try TestAuthority()
        defer { authority.remove() }
        try authority.issue("server", names: "DNS:localhost,IP:127.0.0.1")
        try authority.issue("partner", names: "URI:holdfast:partner:P-7")
        let stranger = try TestAuthority()
        defer { stranger.remove() }
        try stranger.issue("partner", names: "URI:holdfast:partner:P-7")
        try await Command.withFolder { folder in
            let arguments = [
                "--data-dir", folder, "--tls-cert", authority.path("server.pem"), "--tls-key",
                authority.path("server.key"), "--tls-client-ca", authority.path("ca.pem"),
            ]
            try await ServedNode.serving(arguments) { node in
                let port = try await node.port()
                let plain = try await TestClient(port: port, tls: try authority.client())
                #expect(try await plain.call("system.info")["result"]?["auth"]?["mutualTLS"] == true)
                #expect(try await plain.call("session.whoami")["error"]?["data"]?["type"] == "auth.required")
                try await plain.close()

                let known = try await TestClient(port: port, tls: try authority.client("partner"))
                let whoami = try await known.call("session.whoami")
                #expect(whoami["result"]?["principal"]?["kind"] == "partner")
                #expect(whoami["result"]?["principal"]?["id"] == "P-7")
                try await known.close()

                // The command line does the same, and judges the server's certificate.
                let call = try await Command.run([
                    "call", "session.whoami", "--server", "localhost:\(port)", "--tls-ca", authority.path("ca.pem"),
                    "--data-dir", folder,
                ])
                #expect(call.status == 0, "\(call.errors)")
                #expect(call.output.contains(#""kind":"admin""#))
                let distrusted = try await Command.run([
                    "call", "system.ping", "--server", "localhost:\(port)", "--tls-ca", stranger.path("ca.pem"),
                ])
                #expect(distrusted.status == 69)

                // Words in the clear are no handshake: the connection ends without an answer.
                let clear = try await TestClient(port: port)
                try await clear.send(#"{"jsonrpc":"2.0","id":1,"method":"system.ping"}"# + "\n")
                let lines = await clear.rest()
                #expect(!lines.contains { $0.contains("pong") })
            }
        }
    }

    @Test func `without TLS a node listens on no other machine's behalf, and makes nothing`() async throws {
        try await Command.withFolder { folder in
            let data = folder + "/data"
            let refused = try await Command.run(["serve", "--listen", "0.0.0.0:0", "--data-dir", data])
            #expect(refused.status == 78)
            #expect(refused.errors.contains("--tls-cert"))
            #expect(!FileManager.default.fileExists(atPath: data))
        }
    }
}
