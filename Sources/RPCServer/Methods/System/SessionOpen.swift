internal import WorkflowKit

/// Makes a connection somebody's: the token says whose.
struct SessionOpen: RPCMethod {
    static let name = "session.open"
    static let summary = "Opens the session of this connection with a token; a wrong token closes the connection."
    static let access = RPCAccess.anyone
    static let effect = RPCEffect.reads
    static let errors = ["auth.failed", "session.conflict"]

    let principals: any PrincipalStore
    let limits: WireLimits

    struct Params: Codable, Sendable, JSONDescribed {
        let token: String
        let client: String?
        let maxLineBytes: Int?

        static let schema = JSONSchema.object([
            .required("token", .string(1...512)),
            .optional("client", .string(0...200), "name and version of the program that connects"),
            .optional(
                "maxLineBytes", .integer(4_096...16_777_216), "longest line that the client reads; 61440 if absent"),
        ])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> SessionResult {
        guard let session = context.connection as? RPCSession else { throw RPCError.internalError }
        try session.requireNotOpen()
        guard let token = Token(params.token),
            let found = try await principals.token(hash: token.hash, at: context.now)
        else { throw RPCError.authenticationFailed("The token is unknown, has expired or was revoked.") }
        try session.open(
            found, client: params.client,
            answerLineBytes: params.maxLineBytes.map { min($0, limits.answerLineBytesMax) })
        return SessionResult(found)
    }
}
