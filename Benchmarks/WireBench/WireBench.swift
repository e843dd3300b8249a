import Foundation
import Logging
import NIOCore
import NIOPosix
import RPCServer
import WorkflowKit

/// Measures the door of the server against a bare line echo on the same machine in the same run.
///
///     swift run -c release WireBench [seconds]
///     swift run -c release WireBench start PORT ADMIN_TOKEN SERVER_PID [seconds]
///
/// The second form measures `run.start` on a node with the canary that runs already; starts.sh starts one and sets
/// pgbench beside it. subscribers.py measures events.
@main
enum WireBench {
    static let ping = #"{"jsonrpc":"2.0","id":1,"method":"system.ping"}"# + "\n"
    /// Answered by a task, as every method that asks the database is.
    static let echo = #"{"jsonrpc":"2.0","id":1,"method":"bench.echo","params":{"text":"x"}}"# + "\n"

    static func main() async throws {
        switch CommandLine.arguments.dropFirst().first {
        case "serve-echo": try await serve { (try await EchoHandler.serve(), "") }
        case "serve-rpc": try await serve(rpc)
        case "start": try await measureStarts(Array(CommandLine.arguments.dropFirst(2)))
        case let seconds: try await measure(seconds: seconds.flatMap { Int($0) } ?? 5)
        }
    }

    private static func serve(_ start: @Sendable () async throws -> (Int, String)) async throws {
        let (port, rest) = try await start()
        // Not by print, whose buffer nobody would empty.
        FileHandle.standardOutput.write(Data("\(port) \(rest)\n".utf8))
        while readLine() != nil {}
    }

    private static func measure(seconds: Int) async throws {
        for (name, inFlight) in [("16 in flight", 16), ("one at a time", 1)] {
            print("64 connections, \(name), \(seconds) s each")
            let bare = try await run("bare NIO echo", "serve-echo", ping, inFlight, seconds, against: nil)
            _ = try await run("system.ping", "serve-rpc", ping, inFlight, seconds, against: bare)
            _ = try await run("a method in a task", "serve-rpc", echo, inFlight, seconds, against: bare)
        }
        try await measureIdle(connections: 5_000)
    }

    private static func run(
        _ name: String, _ server: String, _ request: String, _ inFlight: Int, _ seconds: Int, against bare: Double?
    ) async throws -> Double {
        let process = try ServerProcess.start(server)
        defer { process.stop() }
        let found = try await LoadGenerator.run(
            port: process.port, serverPID: process.process.processIdentifier, request: request, connections: 64,
            inFlight: inFlight, seconds: seconds)
        let ratio = bare.map { String(format: ", %.2f of the echo", found.requestsPerSecond / $0) } ?? ""
        print(
            String(
                format: "  %-20@ %8.0f requests/s, p50 %6d us, p99 %6d us, %5.2f us of server CPU%@", name as NSString,
                found.requestsPerSecond, found.p50Microseconds, found.p99Microseconds,
                found.cpuMicrosecondsPerRequest, ratio as NSString))
        return found.requestsPerSecond
    }

    private static func measureStarts(_ arguments: [String]) async throws {
        guard arguments.count >= 3, let port = Int(arguments[0]), let pid = Int32(arguments[2]) else {
            return print("usage: WireBench start PORT ADMIN_TOKEN SERVER_PID [seconds]")
        }
        let seconds = arguments.dropFirst(3).first.flatMap { Int($0) } ?? 5
        let open = #"{"jsonrpc":"2.0","id":0,"method":"session.open","params":{"token":"\#(arguments[1])"}}"# + "\n"
        for (name, when) in [("carried out at once", ""), ("to begin later", #","startAt":"2100-01-01T00:00:00Z""#)] {
            let start =
                #"{"jsonrpc":"2.0","id":1,"method":"run.start","params":{"workflow":"canary.steps","#
                + #""input":{"steps":0,"kind":"local"}\#(when)}}"# + "\n"
            for inFlight in [1, 16] {
                let found = try await LoadGenerator.run(
                    port: port, serverPID: pid, request: start, greeting: open, connections: 64, inFlight: inFlight,
                    seconds: seconds)
                print(
                    String(
                        format: "run.start %@, %2d in flight: %6.0f/s, p50 %6d us, p99 %6d us, %5.1f us of server CPU",
                        name.padding(toLength: 19, withPad: " ", startingAt: 0) as NSString, inFlight,
                        found.requestsPerSecond, found.p50Microseconds, found.p99Microseconds,
                        found.cpuMicrosecondsPerRequest))
            }
        }
    }

    private static func measureIdle(connections: Int) async throws {
        let server = try ServerProcess.start("serve-rpc")
        defer { server.stop() }
        let pid = server.process.processIdentifier
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let open = #"{"jsonrpc":"2.0","id":1,"method":"session.open","params":{"token":"\#(server.rest[0])"}}"# + "\n"
        var before = 0
        for number in 0..<connections + 100 {
            // The first hundred make what is made once.
            if number == 100 { before = ServerProcess.residentBytes(pid) }
            let answered = group.next().makePromise(of: Void.self)
            let channel = try await ClientBootstrap(group: group)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(FirstAnswer(answered))
                    }
                }
                .connect(host: "127.0.0.1", port: server.port).get()
            try await channel.writeAndFlush(ByteBuffer(string: open))
            try await answered.futureResult.get()
        }
        let bytes = ServerProcess.residentBytes(pid) - before
        print("\(connections) idle sessions: \(bytes / connections) bytes of memory each")
    }

    private static func rpc() async throws -> (Int, String) {
        var generator = SystemRandomNumberGenerator()
        let token = Token.random(kind: .admin, using: &generator)
        var logger = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
        logger.logLevel = .notice
        var limits = WireLimits()
        limits.authentication = .seconds(3_600)
        let dispatcher = RPCDispatcher(
            methods: [AnyRPCMethod(BenchEcho())], services: RPCServices(principals: OneToken(token: token)),
            identity: ServerIdentity(version: "bench", node: "bench"), limits: limits, logger: logger)
        var configuration = ListenerConfiguration()
        configuration.port = 0
        configuration.threads = 1
        let listener = RPCListener(configuration: configuration, dispatcher: dispatcher, logger: logger)
        return (try await listener.start(), token.text)
    }
}

/// Completes a promise with the first answer.
private final class FirstAnswer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let answered: EventLoopPromise<Void>
    init(_ answered: EventLoopPromise<Void>) { self.answered = answered }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) { answered.succeed() }
    func channelInactive(context: ChannelHandlerContext) { answered.fail(ChannelError.eof) }
}

/// One token, known by heart.
private struct OneToken: PrincipalStore {
    let token: Token

    func token(hash: TokenHash, at now: Timestamp) async throws -> AuthenticatedToken? {
        let principal = Principal(kind: .admin, id: "bench", name: "bench")
        return hash == token.hash
            ? AuthenticatedToken(tokenID: "bench", principal: principal, expiresAt: .distantFuture) : nil
    }

    func tokensRevoked(since time: Timestamp) async throws -> [String] { [] }
}

private struct BenchEcho: RPCMethod {
    static let name = "bench.echo"
    static let summary = "Answers with what it was given."
    static let access = RPCAccess.anyone
    static let effect = RPCEffect.reads

    struct Text: Codable, Sendable, JSONDescribed {
        var text: String
        static let schema = JSONSchema.object([.required("text", .text)])
    }

    func call(_ params: Text, _ context: RPCContext) async throws -> Text { params }
}
