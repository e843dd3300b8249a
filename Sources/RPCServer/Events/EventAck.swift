internal import WorkflowKit

/// Stores how far a durable subscription has been dealt with.
struct EventAck: RPCMethod {
    static let name = "event.ack"
    static let summary =
        "Stores how far a named subscription has been dealt with; a later one of the name goes on there."
    static let access = RPCAccess.anySession
    static let effect = RPCEffect.changes
    static let errors = ["subscription.notFound"]

    let store: any EventStore

    struct Params: Codable, Sendable, JSONDescribed {
        let subscription: String
        let cursor: String

        static let schema = JSONSchema.object([
            .required("subscription", .identifier),
            .required("cursor", .string(1...64), "of the last event dealt with"),
        ])
    }

    typealias Result = EventSubscribe.Result

    static func orderingKey(_ params: Params) -> String? { "event:\(params.subscription)" }

    func call(_ params: Params, _ context: RPCContext) async throws -> Result {
        let principal = try context.principal
        let position = try EventCursor.position(params.cursor, param: "cursor")
        guard
            let kept = try await store.acknowledge(
                params.subscription, of: principal.qualifiedID, position: position)
        else { throw RPCError.notFound("subscription") }
        return Result(subscription: params.subscription, cursor: EventCursor.text(kept))
    }
}
