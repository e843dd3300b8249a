/// Where the server listens and how it proves who it is.
package struct ListenerConfiguration: Hashable, Sendable {
    /// Files in PEM form.
    package struct TLS: Hashable, Sendable {
        /// The server's certificate and those between it and its authority.
        package var certificatePath: String
        package var keyPath: String
        /// The authority of clients' certificates; nil if clients have none.
        package var clientAuthorityPath: String?

        package init(certificatePath: String, keyPath: String, clientAuthorityPath: String? = nil) {
            self.certificatePath = certificatePath
            self.keyPath = keyPath
            self.clientAuthorityPath = clientAuthorityPath
        }
    }

    package var host = "127.0.0.1"
    /// 0 lets the system choose one.
    package var port = 7420
    package var tls: TLS?
    /// Whether tokens may cross a network in the clear.
    package var allowsPlaintextBeyondLoopback = false
    /// Threads that serve connections.
    package var threads = 2

    package init() {}
}

/// Why the server does not listen.
package struct ListenerError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
