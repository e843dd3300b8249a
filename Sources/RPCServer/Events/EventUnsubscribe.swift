internal import WorkflowKit

/// Stops sending a subscription's events to this connection.
struct EventUnsubscribe: RPCMethod {
    static let name = "event.unsubscribe"
    static let summary = "Stops sending a subscription's events to this connection; a named one keeps its position."
    static let access = RPCAccess.anySession
    static let effect = RPCEffect.changes
    static let errors = ["subscription.notFound"]

    let store: any EventStore

    struct Params: Codable, Sendable, JSONDescribed {
        let subscription: String
        let forget: Bool?

        static let schema = JSONSchema.object([
            .required("subscription", .identifier),
            .optional("forget", .boolean, "also deletes the position of a named subscription"),
        ])
    }

    struct Result: Codable, Sendable, JSONDescribed {
        let subscription: String
        static let schema = JSONSchema.object([.required("subscription", .text)])
    }

    static func orderingKey(_ params: Params) -> String? { "event:\(params.subscription)" }

    func call(_ params: Params, _ context: RPCContext) async throws -> Result {
        let principal = try context.principal
        guard let session = context.connection as? RPCSession else { throw RPCError.internalError }
        var isKnown = session.removeSubscription(params.subscription)
        if params.forget == true {
            isKnown = try await store.forget(params.subscription, of: principal.qualifiedID) || isKnown
        }
        guard isKnown else { throw RPCError.notFound("subscription") }
        return Result(subscription: params.subscription)
    }
}
