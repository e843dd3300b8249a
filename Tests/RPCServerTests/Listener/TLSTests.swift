import Foundation
import NIOSSL
import RPCServer
import Testing
import WireClient
import WorkflowKit

/// Certificates of an authority made for one test, by the openssl command.
struct TestAuthority {
    static let isPossible = FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")

    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
            path("ca.key"), "-out", path("ca.pem"), "-subj", "/CN=Test Authority", "-days", "2")
    }

    func path(_ name: String) -> String { folder.appending(path: name).path }
    func remove() { try? FileManager.default.removeItem(at: folder) }

    /// A certificate of this authority for `names`, such as `DNS:localhost`.
    func issue(_ file: String, names: String) throws {
        try "subjectAltName=\(names)".write(toFile: path("\(file).ext"), atomically: true, encoding: .utf8)
        try openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
            path("\(file).key"), "-out", path("\(file).csr"), "-subj", "/CN=\(file)")
        try openssl(
            "x509", "-req", "-in", path("\(file).csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"),
            "-CAcreateserial", "-out", path("\(file).pem"), "-days", "2", "-extfile", path("\(file).ext"))
    }

    private func openssl(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "openssl \(arguments.joined(separator: " "))")
    }

    /// What a client that trusts this authority connects with.
    func client(_ file: String? = nil, maximum: TLSVersion? = nil) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(path("ca.pem")))
        configuration.maximumTLSVersion = maximum
        if let file {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(path("\(file).pem")).map {
                .certificate($0)
            }
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: path("\(file).key"), format: .pem))
        }
        return try NIOSSLContext(configuration: configuration)
    }
}

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
