private import Synchronization
package import WorkflowKit

/// What a connection has become by `session.open` or by its certificate.
package final class RPCSession: RPCConnection {
    private struct State {
        var token: AuthenticatedToken?
        var isFromCertificate = false
        var answerLineBytes: Int
        var client: String?
        var subscriptions: [String: Task<Void, Never>] = [:]
        var isClosed = false
    }

    private let state: Mutex<State>
    /// Sends one line that the client subscribed to; false when the connection cannot take more now.
    let outlet: any SessionOutlet

    init(answerLineBytes: Int, outlet: any SessionOutlet) {
        state = Mutex(State(answerLineBytes: answerLineBytes))
        self.outlet = outlet
    }

    package var token: AuthenticatedToken? { state.withLock { $0.token } }
    package var principal: Principal? { token?.principal }
    /// Most bytes of a line sent to this client.
    package var answerLineBytes: Int { state.withLock { $0.answerLineBytes } }

    /// The name that the client gave itself.
    package var client: String? { state.withLock { $0.client } }

    /// - Throws: ``RPCError`` of type `session.conflict` when a session is open.
    func open(_ token: AuthenticatedToken, client: String?, answerLineBytes: Int?) throws(RPCError) {
        let isNew = state.withLock { state in
            guard state.token == nil || state.isFromCertificate else { return false }
            state.token = token
            state.isFromCertificate = false
            state.client = client
            if let answerLineBytes { state.answerLineBytes = answerLineBytes }
            return true
        }
        guard isNew else { throw .conflict("session", "This connection has a session already; open another one.") }
    }

    /// The client's certificate says who it is. A token may replace it once.
    func authenticate(byCertificate token: AuthenticatedToken) {
        state.withLock { state in
            state.token = token
            state.isFromCertificate = true
        }
    }

    /// Whether something is to be sent to the client unasked, which keeps its connection from being idle.
    var hasSubscriptions: Bool { state.withLock { !$0.subscriptions.isEmpty } }

    /// A task that sends to the client until it is cancelled; at once if the connection is gone.
    func add(_ subscription: String, _ task: Task<Void, Never>) {
        let isGone = state.withLock { state in
            if !state.isClosed { state.subscriptions[subscription] = task }
            return state.isClosed
        }
        if isGone { task.cancel() }
    }

    /// Ends a subscription; false if there is none of that name.
    func removeSubscription(_ subscription: String) -> Bool {
        let task = state.withLock { $0.subscriptions.removeValue(forKey: subscription) }
        task?.cancel()
        return task != nil
    }

    /// The connection is gone.
    func close() {
        let tasks = state.withLock { state in
            state.isClosed = true
            defer { state.subscriptions = [:] }
            return Array(state.subscriptions.values)
        }
        for task in tasks { task.cancel() }
    }

    /// Fails early, so that a wrong token on an open session does not close it.
    func requireNotOpen() throws(RPCError) {
        let isOpen = state.withLock { $0.token != nil && !$0.isFromCertificate }
        if isOpen { throw .conflict("session", "This connection has a session already; open another one.") }
    }
}

/// The way back to a client for what it subscribed to.
protocol SessionOutlet: Sendable {
    /// Sends a line and returns when the client has taken enough of what came before that another may follow.
    ///
    /// - Throws: When the connection is closed.
    func send(line: [UInt8]) async throws
}
