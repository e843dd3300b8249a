import NIOCore
import NIOPosix

/// Clients that keep a number of requests in flight each, until they are told to stop.
final class LoadClient: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let request: ByteBuffer
    private let inFlight: Int
    private var sent: [NIODeadline] = []
    private var first = 0
    /// Microseconds of each answer since the counting began.
    private(set) var latencies: [UInt32] = []
    var isCounting = false

    /// Sent first, and answered before anything else is sent.
    private var greeting: ByteBuffer?

    init(request: String, inFlight: Int, greeting: String? = nil) {
        self.request = ByteBuffer(string: request)
        self.inFlight = inFlight
        self.greeting = greeting.map { ByteBuffer(string: $0) }
    }

    func channelActive(context: ChannelHandlerContext) {
        if let greeting {
            context.writeAndFlush(wrapOutboundOut(greeting), promise: nil)
        } else {
            send(inFlight, context)
        }
    }

    private func send(_ count: Int, _ context: ChannelHandlerContext) {
        var bytes = context.channel.allocator.buffer(capacity: request.readableBytes * count)
        let now = NIODeadline.now()
        for _ in 0..<count {
            bytes.writeImmutableBuffer(request)
            sent.append(now)
        }
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if greeting != nil {
            greeting = nil
            return send(inFlight, context)
        }
        let now = NIODeadline.now()
        var answers = 0
        for byte in bytes.readableBytesView where byte == UInt8(ascii: "\n") { answers += 1 }
        for _ in 0..<answers {
            if isCounting { latencies.append(UInt32(clamping: (now - sent[first]).nanoseconds / 1_000)) }
            first += 1
        }
        if first > 4_096 {
            sent.removeFirst(first)
            first = 0
        }
        if answers > 0 { send(answers, context) }
    }

    func beginCounting() {
        latencies = []
        isCounting = true
    }
}

/// What a run of load found.
struct Measurement: Codable {
    let requestsPerSecond: Double
    let p50Microseconds: Int
    let p99Microseconds: Int
    /// Of the server's process.
    let cpuMicrosecondsPerRequest: Double
}

enum LoadGenerator {
    static func run(
        port: Int, serverPID: Int32, request: String, greeting: String? = nil, connections: Int, inFlight: Int,
        seconds: Int
    ) async throws -> Measurement {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var channels: [any Channel] = []
        var clients: [NIOLoopBound<LoadClient>] = []
        for _ in 0..<connections {
            let client = NIOLoopBoundBox<LoadClient?>.makeBoxSendingValue(nil, eventLoop: group.next())
            let channel = try await ClientBootstrap(group: group)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let handler = LoadClient(request: request, inFlight: inFlight, greeting: greeting)
                        client.value = handler
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                }
                .connect(host: "127.0.0.1", port: port).get()
            channels.append(channel)
            clients.append(
                try await channel.eventLoop.submit { NIOLoopBound(client.value!, eventLoop: channel.eventLoop) }.get())
        }
        try await Task.sleep(for: .seconds(1))
        let loop = group.next()
        try await loop.submit { [clients] in for client in clients { client.value.beginCounting() } }.get()
        let cpuBefore = ServerProcess.cpuMicroseconds(serverPID)
        let start = ContinuousClock.now
        try await Task.sleep(for: .seconds(seconds))
        var latencies = try await loop.submit { [clients] in clients.flatMap { $0.value.latencies } }.get()
        let elapsed = start.duration(to: .now)
        let cpu = ServerProcess.cpuMicroseconds(serverPID) - cpuBefore
        for channel in channels { try await channel.close() }
        try await group.shutdownGracefully()
        latencies.sort()
        let wall = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        return Measurement(
            requestsPerSecond: Double(latencies.count) / wall, p50Microseconds: Int(latencies[latencies.count / 2]),
            p99Microseconds: Int(latencies[latencies.count * 99 / 100]),
            cpuMicrosecondsPerRequest: cpu / Double(latencies.count))
    }
}
