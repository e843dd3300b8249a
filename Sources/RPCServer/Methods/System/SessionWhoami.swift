internal import WorkflowKit

/// Tells whose session the connection has.
struct SessionWhoami: ImmediateRPCMethod {
    static let name = "session.whoami"
    static let summary = "Tells whose session this connection has."
    static let access = RPCAccess.anySession
    static let effect = RPCEffect.reads

    typealias Result = SessionResult

    typealias Params = NoParams

    func answer(_ params: NoParams, _ context: RPCContext) throws -> SessionResult {
        guard let session = context.connection as? RPCSession, let token = session.token else {
            throw RPCError.authenticationRequired
        }
        return SessionResult(token)
    }
}
