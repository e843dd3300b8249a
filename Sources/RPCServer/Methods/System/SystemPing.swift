internal import WorkflowKit

/// Tells that the server is there, and what time it has.
struct SystemPing: ImmediateRPCMethod {
    static let name = "system.ping"
    static let summary = "Tells that the server is there, and what time it has."
    static let access = RPCAccess.anyone
    static let effect = RPCEffect.reads

    typealias Params = NoParams

    struct Result: Codable, Sendable, JSONDescribed {
        let pong: Bool
        let now: Timestamp
        static let schema = JSONSchema.object([.required("pong", .boolean), .required("now", .timestamp)])
    }

    func answer(_ params: NoParams, _ context: RPCContext) -> Result { Result(pong: true, now: context.now) }
}
