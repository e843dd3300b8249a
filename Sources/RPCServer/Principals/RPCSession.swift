private import Synchronization
package import WorkflowKit

/// What a connection has become by `session.open` or by its certificate.
package final class RPCSession: RPCConnection {
    private struct State {
        var token: AuthenticatedToken?
        var isFromCertificate = false
        var answerLineBytes: Int
        var client: String?
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
