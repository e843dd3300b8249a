import Glibc

/// Where the node listens: `HOST:PORT`, with an IPv6 host in brackets.
struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    let host: String
    /// 0 lets the system choose.
    let port: Int

    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty else { return nil }
        self.host = host
        self.port = port
    }

    var description: String { "\(urlHost):\(port)" }

    /// The host as it stands before a colon.
    var urlHost: String { host.contains(":") ? "[\(host)]" : host }

    /// Whether nobody outside this machine can reach it.
    var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    /// Finds out whether the address can be had, before anything is created or started for it.
    func probe() throws(Refusal) {
        guard port != 0 else { return }
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        let failure = unsafe getaddrinfo(host, String(port), &hints, &found)
        guard failure == 0, let address = unsafe found else {
            throw Refusal(.configuration, "cannot listen on \(self): the host's name is not known here")
        }
        defer { unsafe freeaddrinfo(address) }
        let descriptor = unsafe socket(address.pointee.ai_family, address.pointee.ai_socktype, 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var on: Int32 = 1
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        // Linux lets two sockets be bound to one port with SO_REUSEADDR as long as none listens, so this one tries to.
        if unsafe bind(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0, listen(descriptor, 1) == 0
        {
            return
        }
        switch errno {
        case EADDRINUSE:
            throw Refusal(
                .tryAgain,
                "cannot listen on \(self): the port is in use; stop the other program, or choose another with --listen")
        case EACCES:
            throw Refusal(
                .notPermitted, "cannot listen on \(self): ports below 1024 need a right that this user lacks")
        case let code:
            throw Refusal(
                .configuration, "cannot listen on \(self): \(unsafe String(cString: strerror(code)).lowercased())")
        }
    }
}
