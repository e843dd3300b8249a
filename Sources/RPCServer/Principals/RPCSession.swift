private import Synchronization
package import WorkflowKit

/// What a connection has become by `session.open` or by its certificate.
package final class RPCSession: RPCConnection {
    private struct Starting: Sendable {
        let subscription: String
        let requestID: String
        let send: @Sendable () async -> Void
    }

    private struct State {
        var token: AuthenticatedToken?
        var isFromCertificate = false
        var answerLineBytes: Int
        var client: String?
        /// The task is nil until the answer to the subscribing has been written.
        var subscriptions: [String: Task<Void, Never>?] = [:]
        var subscriptionNumber = 0
        var starting: [Starting] = []
        var isClosed = false
    }

    private let state: Mutex<State>
    /// Whether something starts after the next answer. Read for every answer, so without the lock.
    private let isStarting = Atomic(false)
    /// Sends one line that the client subscribed to; false when the connection cannot take more now.
    let outlet: any SessionOutlet

    init(answerLineBytes: Int, outlet: any SessionOutlet) {
        state = Mutex(State(answerLineBytes: answerLineBytes))
        self.outlet = outlet
    }

    package var token: AuthenticatedToken? { state.withLock { $0.token } }
    /// Who calls, and how long a line sent to him may be.
    var terms: (token: AuthenticatedToken?, answerLineBytes: Int) {
        state.withLock { ($0.token, $0.answerLineBytes) }
    }
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

    /// The ids of the subscriptions of this connection.
    var subscriptions: [String] { state.withLock { Array($0.subscriptions.keys) } }

    /// Takes a subscription's name, or makes an id for one without.
    ///
    /// - Throws: ``RPCError`` of type `subscription.conflict` if the connection has one of that name, or too many.
    func newSubscription(named name: String?, max: Int) throws(RPCError) -> String {
        let id: String? = state.withLock { state in
            guard state.subscriptions.count < max else { return nil }
            var id = name
            while id == nil {
                state.subscriptionNumber += 1
                let candidate = "subscription-\(state.subscriptionNumber)"
                if state.subscriptions[candidate] == nil { id = candidate }
            }
            guard let id, state.subscriptions[id] == nil else { return nil }
            state.subscriptions[id] = .some(nil)
            return id
        }
        guard let id else {
            throw .conflict("subscription", "This connection has that subscription already, or as many as it may have.")
        }
        return id
    }

    /// Sends to the client once the answer to its subscribing is on its way, until the subscription ends.
    func startAfterAnswer(
        to requestID: String, _ subscription: String, _ send: @escaping @Sendable () async -> Void
    ) {
        state.withLock {
            $0.starting.append(Starting(subscription: subscription, requestID: requestID, send: send))
            isStarting.store(true, ordering: .releasing)
        }
    }

    /// The answer to a request has been written, or it gets none.
    func answered(_ requestID: String) {
        guard isStarting.load(ordering: .acquiring) else { return }
        state.withLock { state in
            for start in state.starting
            where start.requestID == requestID && !state.isClosed
                && state.subscriptions.keys.contains(start.subscription)
            {
                state.subscriptions[start.subscription] = Task { await start.send() }
            }
            state.starting.removeAll { $0.requestID == requestID }
            isStarting.store(!state.starting.isEmpty, ordering: .releasing)
        }
    }

    /// Ends a subscription; false if there is none of that name.
    @discardableResult
    func removeSubscription(_ subscription: String) -> Bool {
        let removed = state.withLock { $0.subscriptions.removeValue(forKey: subscription) }
        removed??.cancel()
        return removed != nil
    }

    /// The connection is gone.
    func close() {
        let tasks = state.withLock { state in
            state.isClosed = true
            defer { state.subscriptions = [:] }
            return state.subscriptions.values.compactMap { $0 }
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
