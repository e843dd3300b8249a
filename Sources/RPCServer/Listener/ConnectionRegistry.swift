internal import Logging
internal import Metrics
internal import NIOCore
private import Synchronization
internal import WorkflowKit

/// The connections that are open: how many there may be, whose they are, and how all of them end.
final class ConnectionRegistry: Sendable {
    struct ListenerMetrics: Sendable {
        let connections = Gauge(label: "holdfast_connections")
        let refused = Counter(label: "holdfast_connections_refused")
        let bytesReceived = Counter(label: "holdfast_bytes_received")
        let bytesSent = Counter(label: "holdfast_bytes_sent")
        /// How often reading from a client was held.
        let backPressure = Counter(label: "holdfast_back_pressure")
        let ignoredResponses = Counter(label: "holdfast_ignored_responses")
    }

    private struct Connection: Sendable {
        let handler: NIOLoopBound<ConnectionHandler>
        let eventLoop: any EventLoop
        let channel: any Channel
        var session: RPCSession?
    }

    private struct State {
        var connections: [UInt64: Connection] = [:]
        var nextNumber: UInt64 = 1
        var isDraining = false
    }

    let metrics = ListenerMetrics()
    let logger: Logger
    /// Tells the requests of one run of the server from those of another.
    let runName: String
    private let connectionsMax: Int
    private let state = Mutex(State())

    init(connectionsMax: Int, logger: Logger) {
        self.connectionsMax = connectionsMax
        self.logger = logger
        runName = String(UInt32.random(in: .min ... .max), radix: 36)
    }

    var count: Int { state.withLock { $0.connections.count } }

    /// A number for a new connection; nil if there are too many, or none are wanted any more.
    func newNumber() -> UInt64? {
        state.withLock { state in
            guard state.connections.count < connectionsMax, !state.isDraining else { return nil }
            defer { state.nextNumber += 1 }
            return state.nextNumber
        }
    }

    func add(_ handler: ConnectionHandler, _ channel: any Channel) {
        let bound = NIOLoopBound(handler, eventLoop: channel.eventLoop)
        let count = state.withLock { state in
            state.connections[handler.number] = Connection(
                handler: bound, eventLoop: channel.eventLoop, channel: channel)
            return state.connections.count
        }
        metrics.connections.record(count)
    }

    func remove(_ number: UInt64) {
        let count = state.withLock { state in
            state.connections[number] = nil
            return state.connections.count
        }
        metrics.connections.record(count)
    }

    /// The connection has a session from now on.
    func noteSession(of number: UInt64, _ session: RPCSession) {
        state.withLock { $0.connections[number]?.session = session }
    }

    /// Ends the sessions whose tokens are among `tokenIDs` or have expired.
    func endSessions(tokenIDs: Set<String>, at now: Timestamp) {
        let ended = state.withLock { state in
            state.connections.values.filter { connection in
                guard let token = connection.session?.token else { return false }
                return token.expiresAt <= now || tokenIDs.contains(token.tokenID)
            }
        }
        for connection in ended {
            connection.eventLoop.execute { connection.handler.value.revoke() }
        }
    }

    /// Lets every connection answer what it has received and end; returns when all have.
    func drain() async {
        let connections = state.withLock { state in
            state.isDraining = true
            return Array(state.connections.values)
        }
        for connection in connections {
            connection.eventLoop.execute { connection.handler.value.drain() }
        }
        for connection in connections { try? await connection.channel.closeFuture.get() }
    }

    /// Closes what is still open.
    func closeAll() {
        let connections = state.withLock { Array($0.connections.values) }
        for connection in connections { connection.channel.close(promise: nil) }
    }
}
