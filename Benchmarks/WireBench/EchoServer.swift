import NIOCore
import NIOPosix

/// The least that a server of lines can do on SwiftNIO: finds the ends of lines byte by byte and sends each line back,
/// with one flush per read. What is measured is measured against it.
final class EchoHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var kept = ByteBuffer()

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if kept.readableBytes == 0 { kept = bytes } else { kept.writeBuffer(&bytes) }
        while let end = kept.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
            guard let line = kept.readSlice(length: end + 1 - kept.readerIndex) else { return }
            context.write(wrapOutboundOut(line), promise: nil)
        }
        kept.discardReadBytes()
    }

    func channelReadComplete(context: ChannelHandlerContext) { context.flush() }

    /// Listens on a port that the system chooses.
    static func serve() async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup(numberOfThreads: 1))
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(EchoHandler())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return channel.localAddress?.port ?? 0
    }
}
