import Foundation
import NIOSSL
import RPCServer
import Testing
import WireClient
import WorkflowKit

@Suite(.enabled(if: TestAuthority.isPossible)) struct TLSTests {
    func with(_ body: (TestServer, TestAuthority) async throws -> Void) async throws {
        let authority = try TestAuthority()
        defer { authority.remove() }
        try authority.issue("server", names: "DNS:localhost")
        let tls = ListenerConfiguration.TLS(
            certificatePath: authority.path("server.pem"), keyPath: authority.path("server.key"),
            clientAuthorityPath: authority.path("ca.pem"))
        try await TestServer.with(tls: tls) { server in try await body(server, authority) }
    }

    @Test func `a client that trusts the authority is served, and may half-close`() async throws {
        try await with { server, authority in
            let client = try await server.connect(tls: authority.client())
            #expect(try await client.call("system.info")["result"]?["auth"]?["mutualTLS"] == true)
            #expect(try await client.call("session.whoami")["error"]?["data"]?["type"] == "auth.required")
            try await client.send(#"{"jsonrpc":"2.0","id":2,"method":"test.wait","params":{"text":"x"}}"#)
            try await client.halfClose()
            await server.recorder.gate.arrived(1)
            await server.recorder.gate.open()
            #expect(await client.rest().count == 1)
        }
    }

    @Test func `TLS 1.2 is refused`() async throws {
        try await with { server, authority in
            let client = try await server.connect(tls: authority.client(maximum: .tlsv12))
            #expect(await client.rest() == [])
        }
    }

    @Test func `a client's certificate opens its session`() async throws {
        try await with { server, authority in
            try authority.issue("client", names: "URI:holdfast:partner:P-1001")
            let client = try await server.connect(tls: authority.client("client"))
            let answer = try await client.call("session.whoami")["result"]
            #expect(answer?["principal"]?["kind"] == "partner")
            #expect(answer?["principal"]?["id"] == "P-1001")
            #expect(Timestamp(rfc3339: answer?["expiresAt"]?.stringValue ?? "") != nil)
        }
    }

    @Test func `a certificate of another authority is refused`() async throws {
        try await with { server, authority in
            let other = try TestAuthority()
            defer { other.remove() }
            try other.issue("client", names: "URI:holdfast:admin:a")
            for file in ["client.pem", "client.key"] {
                try FileManager.default.copyItem(atPath: other.path(file), toPath: authority.path(file))
            }
            let client = try await server.connect(tls: authority.client("client"))
            try? await client.send(#"{"jsonrpc":"2.0","id":1,"method":"session.whoami"}"# + "\n")
            #expect(await client.rest() == [])
        }
    }

    @Test func `a certificate file that is not there is an error that names it`() async throws {
        try await TestServer.with { server in
            var configuration = ListenerConfiguration()
            configuration.tls = .init(certificatePath: "/no/such.pem", keyPath: "/no/such.key")
            let error = await #expect(throws: ListenerError.self) { try await server.another(configuration).start() }
            #expect(error?.description.contains("/no/such.pem") == true)
        }
    }
}
