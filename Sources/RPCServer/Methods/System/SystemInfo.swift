internal import WorkflowKit

/// Tells what the server is and what it puts up with.
struct SystemInfo: ImmediateRPCMethod {
    static let name = "system.info"
    static let summary = "Tells what the server is, its limits, and how a client may authenticate."
    static let access = RPCAccess.anyone
    static let effect = RPCEffect.reads

    typealias Params = NoParams

    let identity: ServerIdentity
    let limits: WireLimits

    struct Result: Codable, Sendable, JSONDescribed {
        struct Authentication: Codable, Sendable {
            let token: Bool
            let mutualTLS: Bool
        }

        let name: String
        let version: String
        let `protocol`: Int
        let node: String
        let limits: JSON
        let auth: Authentication

        static let schema = JSONSchema.object([
            .required("name", .text), .required("version", .text), .required("protocol", .integer),
            .required("node", .text), .required("limits", .map(of: .integer), "bytes, counts and milliseconds"),
            .required("auth", .object([.required("token", .boolean), .required("mutualTLS", .boolean)])),
        ])
    }

    func answer(_ params: NoParams, _ context: RPCContext) -> Result {
        Result(
            name: "holdfast", version: identity.version, protocol: 1, node: identity.node, limits: limits.json,
            auth: .init(token: true, mutualTLS: identity.hasMutualTLS))
    }
}
