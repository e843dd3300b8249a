package import Logging
private import Metrics
private import NIOCore
private import NIOPosix
private import NIOSSL
private import NIOTLS
private import Synchronization
internal import WorkflowKit

/// Listens for clients and serves them, until it is drained.
package final class RPCListener: Sendable {
    private struct Running: Sendable {
        let channel: any Channel
        let background: [Task<Void, Never>]
    }

    private let configuration: ListenerConfiguration
    private let dispatcher: RPCDispatcher
    private let logger: Logger
    private let group: MultiThreadedEventLoopGroup
    private let registry: ConnectionRegistry
    private let running = Mutex<Running?>(nil)

    package init(configuration: ListenerConfiguration, dispatcher: RPCDispatcher, logger: Logger) {
        self.configuration = configuration
        self.dispatcher = dispatcher
        self.logger = logger
        group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.threads)
        registry = ConnectionRegistry(connectionsMax: dispatcher.limits.connections, logger: logger)
    }

    /// How many clients are connected.
    package var connectionCount: Int { registry.count }

    /// Starts to listen.
    ///
    /// - Returns: The port, which the system chose if the configuration has 0.
    /// - Throws: ``ListenerError`` if the address cannot be had, a certificate cannot be read, or tokens would cross a
    ///   network in the clear.
    @discardableResult
    package func start() async throws -> Int {
        let address: SocketAddress
        do {
            address = try SocketAddress.makeAddressResolvingHost(configuration.host, port: configuration.port)
        } catch {
            throw ListenerError("could not resolve \"\(configuration.host)\": \(error)")
        }
        guard configuration.tls != nil || configuration.allowsPlaintextBeyondLoopback || address.isLoopback else {
            throw ListenerError(
                "cannot listen on \(configuration.host) without TLS: tokens would cross the network in the clear")
        }
        let tls = try configuration.tls.map(Self.context)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .writeBufferWaterMark,
                value: .init(low: dispatcher.limits.unsentBytes / 4, high: dispatcher.limits.unsentBytes)
            )
            .childChannelInitializer { [dispatcher, registry] channel in
                Self.configure(channel, dispatcher: dispatcher, registry: registry, tls: tls)
            }
        let channel: any Channel
        do {
            channel = try await bootstrap.bind(to: address).get()
        } catch {
            throw ListenerError("could not listen on \(configuration.host):\(configuration.port): \(error)")
        }
        var background = [
            Task { [registry, services = dispatcher.services, logger] in
                await Self.watchTokens(registry, services, logger)
            }
        ]
        if let feed = dispatcher.feed { background.append(Task { await feed.run() }) }
        running.withLock { [background] in $0 = Running(channel: channel, background: background) }
        let port = channel.localAddress?.port ?? configuration.port
        logger.notice("listening", metadata: ["host": "\(configuration.host)", "port": "\(port)"])
        return port
    }

    /// Stops accepting, answers what was accepted, and closes; after `grace` it closes whatever is left.
    package func drain(grace: Duration) async {
        guard let running = running.withLock({ running in running.take() }) else { return }
        try? await running.channel.close()
        logger.notice("draining", metadata: ["connections": "\(registry.count)"])
        await withTaskGroup { group in
            group.addTask { [registry] in await registry.drain() }
            group.addTask { try? await Task.sleep(for: grace) }
            await group.next()
            registry.closeAll()
            group.cancelAll()
        }
        for task in running.background { task.cancel() }
        for task in running.background { await task.value }
        try? await group.shutdownGracefully()
        logger.notice("drained")
    }

    private static func configure(
        _ channel: any Channel, dispatcher: RPCDispatcher, registry: ConnectionRegistry, tls: NIOSSLContext?
    ) -> EventLoopFuture<Void> {
        guard let number = registry.newNumber() else {
            registry.metrics.refused.increment()
            return channel.close()
        }
        return channel.eventLoop.makeCompletedFuture {
            let handler = ConnectionHandler(dispatcher: dispatcher, registry: registry, number: number)
            if let tls {
                try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                try channel.pipeline.syncOperations.addHandler(CertificateHandler(connection: handler))
            }
            try channel.pipeline.syncOperations.addHandler(handler)
            registry.add(handler, channel)
        }
    }

    private static func context(_ tls: ListenerConfiguration.TLS) throws -> NIOSSLContext {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(tls.certificatePath).map {
                NIOSSLCertificateSource.certificate($0)
            }
            let key = NIOSSLPrivateKeySource.privateKey(try NIOSSLPrivateKey(file: tls.keyPath, format: .pem))
            var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: key)
            configuration.minimumTLSVersion = .tlsv13
            if let path = tls.clientAuthorityPath {
                configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(path))
                configuration.certificateVerification = .optionalVerification
            }
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw ListenerError("cannot use the certificate \"\(tls.certificatePath)\": \(error)")
        }
    }

    /// Ends sessions whose token is no longer good, well within the second that is promised.
    private static func watchTokens(
        _ registry: ConnectionRegistry, _ services: RPCServices, _ logger: Logger
    ) async {
        let interval = Duration.milliseconds(400)
        // A transaction that revokes may commit a while after the time it writes.
        let lookBack = Duration.seconds(60)
        var isKnown: Bool?
        while !Task.isCancelled {
            // Without a connection there is no session to end, and an idle server leaves its database alone.
            guard registry.count > 0 else {
                try? await Task.sleep(for: interval)
                continue
            }
            let now = services.clock()
            do {
                let revoked = try await services.principals.tokensRevoked(since: now - lookBack)
                registry.endSessions(tokenIDs: Set(revoked), at: now)
                isKnown = true
            } catch {
                registry.endSessions(tokenIDs: [], at: now)
                if isKnown != false {
                    logger.error("could not look for revoked tokens", metadata: ["error": "\(error)"])
                }
                isKnown = false
            }
            try? await Task.sleep(for: interval)
        }
    }
}

extension SocketAddress {
    /// Whether nobody outside this machine can reach it.
    fileprivate var isLoopback: Bool {
        switch self {
        case .v4: ipAddress?.hasPrefix("127.") == true
        case .v6: ipAddress == "::1"
        case .unixDomainSocket: true
        }
    }
}
