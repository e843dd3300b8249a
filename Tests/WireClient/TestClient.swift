private import NIOCore
private import NIOPosix
package import NIOSSL
package import WorkflowKit

/// A client that writes what it is told and hands out the lines that come back.
package final class TestClient: Sendable {
    private let channel: any Channel
    private let lines: AsyncStream<String>

    package init(port: Int, tls: NIOSSLContext? = nil) async throws {
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: "localhost"))
                    }
                    try channel.pipeline.syncOperations.addHandler(LineCollector(continuation))
                }
            }
        channel = try await bootstrap.connect(host: "127.0.0.1", port: port).get()
        self.lines = lines
    }

    package func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    package func send(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    /// Sends without waiting until the kernel has taken it.
    package func sendLater(_ text: String) { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }

    /// Stops or starts to read from the server.
    package func setReading(_ isReading: Bool) async throws {
        try await channel.setOption(.autoRead, value: isReading).get()
    }

    package func halfClose() async throws { try await channel.close(mode: .output).get() }
    package func close() async throws { try await channel.close().get() }

    /// The next line; nil when the server has closed.
    package func line() async -> String? {
        for await line in lines { return line }
        return nil
    }

    /// The next line, read.
    package func next() async throws -> JSON {
        guard let line = await line() else { throw EndOfLines() }
        return try JSON(parsing: line)
    }

    /// Asks and returns the next answer; `whenSent` is called when the kernel has taken the request.
    package func call(
        _ method: String, _ params: JSON = [:], id: JSON = 1, whenSent: () async -> Void = {}
    ) async throws -> JSON {
        let request: JSON = ["jsonrpc": "2.0", "id": id, "method": .string(method), "params": params]
        try await send(request.text + "\n")
        await whenSent()
        return try await next()
    }

    /// Every line until the server closes.
    package func rest() async -> [String] {
        var all: [String] = []
        for await line in lines { all.append(line) }
        return all
    }
}

/// The server closed where a line was expected.
package struct EndOfLines: Error {}

/// Cuts what arrives into lines.
private final class LineCollector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let lines: AsyncStream<String>.Continuation
    private var partial: [UInt8] = []

    init(_ lines: AsyncStream<String>.Continuation) { self.lines = lines }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        let pieces = Array(bytes.readableBytesView).split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, piece) in pieces.enumerated() {
            partial += piece
            guard index < pieces.count - 1 else { break }
            lines.yield(String(decoding: partial, as: UTF8.self))
            partial = []
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent { lines.finish() }
    }

    func channelInactive(context: ChannelHandlerContext) { lines.finish() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
