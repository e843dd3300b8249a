import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import WorkflowKit

/// A client of the protocol: one connection, one line out, lines in.
///
/// It is what the command line talks with, so it sees what every other client sees.
final class LineClient: Sendable {
    private let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private init(_ channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>) { self.channel = channel }

    /// Calls `body` with a connection to `address`, authenticated with `token` if there is one.
    ///
    /// - Parameter authority: Certificates (PEM) by which the server's is judged; nil for a connection without TLS.
    static func with<Result: Sendable>(
        _ address: ListenAddress, token: String?, authority: String?,
        _ body: @Sendable (inout Conversation) async throws -> Result
    ) async throws -> Result {
        let tls = try authority.map { path in
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.minimumTLSVersion = .tlsv13
            configuration.trustRoots = .file(path)
            return try NIOSSLContext(configuration: configuration)
        }
        let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
        do {
            channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connect(host: address.host, port: address.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        if let tls {
                            try channel.pipeline.syncOperations.addHandler(
                                NIOSSLClientHandler(context: tls, serverHostname: Self.name(address.host)))
                        }
                        return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                    }
                }
        } catch {
            throw Refusal(
                .unavailable,
                "could not reach a server on \(address): is it running? \"holdfast serve\" starts one")
        }
        return try await Self.tellingBrokenConnections(to: address) {
            try await Self.converse(channel, token: token, body)
        }
    }

    /// What goes wrong below the lines (a reset, a certificate that is not trusted) is a server that is not reachable.
    private static func tellingBrokenConnections<Result>(
        to address: ListenAddress, _ body: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await body()
        } catch let error as BoringSSLError {
            throw Refusal(.unavailable, "could not agree on TLS with \(address): \(error)")
        } catch let error as NIOSSLError {
            throw Refusal(.unavailable, "could not agree on TLS with \(address): \(error)")
        } catch let error as IOError {
            throw Refusal(.unavailable, "the connection to \(address) was lost: \(error.description)")
        } catch let error as ChannelError {
            throw Refusal(.unavailable, "the connection to \(address) was lost: \(error)")
        }
    }

    private static func converse<Result: Sendable>(
        _ channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>, token: String?,
        _ body: @Sendable (inout Conversation) async throws -> Result
    ) async throws -> Result {
        try await channel.executeThenClose { inbound, outbound in
            var conversation = Conversation(lines: inbound.makeAsyncIterator(), outbound: outbound)
            if let token {
                _ = try await conversation.call("session.open", ["token": .string(token), "client": "holdfast"])
            }
            return try await body(&conversation)
        }
    }

    /// A name for the certificate check; an address has none.
    private static func name(_ host: String) -> String? {
        host.contains(":") || host.allSatisfy { $0.isNumber || $0 == "." } ? nil : host
    }

    /// Requests and answers on one connection.
    struct Conversation {
        private var lines: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
        private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
        private var pending = ByteBuffer()
        private var nextID = 1
        /// Events that came while an answer was waited for.
        private var events: [JSON] = []

        fileprivate init(
            lines: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
            outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
        ) {
            self.lines = lines
            self.outbound = outbound
        }

        /// Sends one request and returns its result; throws ``CallError`` for an error object.
        mutating func call(_ method: String, _ params: JSON) async throws -> JSON {
            let id = nextID
            nextID += 1
            let request: JSON = [
                "jsonrpc": "2.0", "id": .int(id), "method": .string(method), "params": params,
            ]
            try await outbound.write(ByteBuffer(bytes: request.bytes + [0x0a]))
            while let message = try await nextMessage() {
                guard message["id"]?.intValue == id else {
                    if let event = message["params"] { events.append(event) }
                    continue
                }
                if let error = message["error"] { throw CallError(error) }
                return message["result"] ?? .null
            }
            throw Refusal(.unavailable, "the server closed the connection without an answer")
        }

        /// What the next notification tells; nil when the server closed the connection.
        mutating func nextEvent() async throws -> JSON? {
            if !events.isEmpty { return events.removeFirst() }
            while let message = try await nextMessage() {
                if let event = message["params"] { return event }
            }
            return nil
        }

        /// The next message of the server; nil when it closed the connection.
        mutating func nextMessage() async throws -> JSON? {
            while true {
                if let end = pending.readableBytesView.firstIndex(of: 0x0a) {
                    let length = end - pending.readerIndex
                    let bytes = pending.readBytes(length: length) ?? []
                    pending.moveReaderIndex(forwardBy: 1)
                    pending.discardReadBytes()
                    return try JSON(parsing: bytes)
                }
                guard var chunk = try await lines.next() else { return nil }
                pending.writeBuffer(&chunk)
            }
        }
    }
}

/// The error object of an answer.
struct CallError: Error {
    let error: JSON

    init(_ error: JSON) { self.error = error }

    /// The server's sentence, with the type of the error behind it.
    var sentence: String {
        let message = error["message"]?.stringValue ?? "the server answered with an error"
        return message + (error["data"]?["type"]?.stringValue.map { " (\($0))" } ?? "")
    }

    /// The exit code that tells a script what to do.
    var status: ExitStatus {
        switch error["code"]?.intValue {
        case -32_005, -32_006, -32_010: .tryAgain
        case -32_001, -32_002: .notPermitted
        default: .failed
        }
    }
}
