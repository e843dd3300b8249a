internal import WorkflowKit

/// Lists the caller's named subscriptions and those of this connection.
struct EventSubscriptions: RPCMethod {
    static let name = "event.subscriptions"
    static let summary = "Lists the caller's named subscriptions, and the unnamed ones of this connection."
    static let access = RPCAccess.anySession
    static let effect = RPCEffect.reads

    let store: any EventStore

    struct Params: Codable, Sendable, JSONDescribed {
        let limit: Int?
        let cursor: String?
        static let schema = JSONSchema.object(PageParams.members)
    }

    struct Item: Codable, Sendable, JSONDescribed {
        let subscription: String
        let name: String?
        let types: [String]?
        let cursor: String?
        let active: Bool

        static let schema = JSONSchema.object([
            .required("subscription", .text), .optional("name", .text), .optional("types", .array(of: .text)),
            .optional("cursor", .text, "up to which everything was acknowledged"),
            .required("active", .boolean, "whether this connection is sent its events"),
        ])
    }

    typealias Result = Page<Item>

    func call(_ params: Params, _ context: RPCContext) async throws -> Result {
        let principal = try context.principal
        guard let session = context.connection as? RPCSession else { throw RPCError.internalError }
        let active = Set(session.subscriptions)
        let kept = try await store.subscriptions(of: principal.qualifiedID)
        let named = kept.map { kept in
            Item(
                subscription: kept.name, name: kept.name, types: kept.types,
                cursor: EventCursor.text(kept.position), active: active.contains(kept.name))
        }
        let unnamed = active.subtracting(kept.map(\.name)).map {
            Item(subscription: $0, name: nil, types: nil, cursor: nil, active: true)
        }
        let last = try params.cursor.map { text in try PageCursor(text, count: 1).values[0].stringValue ?? "" } ?? ""
        let rows = (named + unnamed).sorted { $0.subscription < $1.subscription }.filter { $0.subscription > last }
        return try Page(
            rows: rows, limit: params.limit ?? PageParams.limitDefault, context: context,
            cursor: { PageCursor([.string($0.subscription)]) })
    }
}
