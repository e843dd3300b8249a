private import Foundation
package import NIOSSL

/// Certificates of an authority made for one test, by the openssl command.
package struct TestAuthority {
    package static let isPossible = FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")

    private let folder: Foundation.URL

    package init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
            path("ca.key"), "-out", path("ca.pem"), "-subj", "/CN=Test Authority", "-days", "2")
    }

    package func path(_ name: String) -> String { folder.appending(path: name).path }
    package func remove() { try? FileManager.default.removeItem(at: folder) }

    /// A certificate of this authority for `names`, such as `DNS:localhost`.
    package func issue(_ file: String, names: String) throws {
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
        guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
    }

    /// What a client that trusts this authority connects with.
    package func client(_ file: String? = nil, maximum: TLSVersion? = nil) throws -> NIOSSLContext {
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
