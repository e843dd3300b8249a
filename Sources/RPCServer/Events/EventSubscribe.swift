internal import WorkflowKit

/// Begins to send events to the caller's connection.
struct EventSubscribe: RPCMethod {
    static let name = "event.subscribe"
    static let summary = "Begins to send the caller's events of some types to this connection, as notifications."
    static let access = RPCAccess.anySession
    static let effect = RPCEffect.reads
    static let errors = ["subscription.conflict"]

    /// Most subscriptions of one connection.
    private static let subscriptionsMax = 32

    let store: any EventStore
    let feed: EventFeed
    let services: RPCServices

    struct Params: Codable, Sendable, JSONDescribed {
        let types: [String]
        let name: String?
        let after: String?

        static let schema = JSONSchema.object([
            .required("types", .array(of: .identifier, count: 1...64), "types, or beginnings such as repair.*"),
            .optional("name", .identifier, "makes the subscription durable: it goes on after the last event.ack"),
            .optional("after", .string(1...64), "a cursor, \"now\" or \"beginning\""),
        ])
    }

    struct Result: Codable, Sendable, JSONDescribed {
        let subscription: String
        let cursor: String
        static let schema = JSONSchema.object([.required("subscription", .text), .required("cursor", .text)])
    }

    static func ordering(_ params: Params) -> RPCOrdering {
        params.name.map { .entity(name: "event", id: $0) } ?? .free
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> Result {
        let principal = try context.principal
        guard let session = context.connection as? RPCSession else { throw RPCError.internalError }
        if let index = params.types.firstIndex(where: { !EventFilter.isPattern($0) }) {
            throw RPCError.invalidParam("types[\(index)]", "must be a type of event, or a beginning such as repair.*")
        }
        let id = try session.newSubscription(named: params.name, max: Self.subscriptionsMax)
        let start: Int64
        do {
            start = try await position(params, principal)
        } catch {
            session.removeSubscription(id)
            throw error
        }
        let delivery = EventDelivery(
            subscription: id, filter: EventFilter(audiences: Self.audiences(of: principal), types: params.types),
            feed: feed, session: session,
            receipts: EventReceipts(services, for: principal))
        session.startAfterAnswer(to: context.requestID, id) { await delivery.run(after: start) }
        return Result(subscription: id, cursor: EventCursor.text(start))
    }

    private func position(_ params: Params, _ principal: Principal) async throws -> Int64 {
        var kept: KeptSubscription?
        if let name = params.name { kept = try await store.subscription(of: principal.qualifiedID, name: name) }
        let start: Int64
        switch params.after {
        case "beginning": start = 0
        case "now": start = try await feed.now()
        case let cursor?: start = try EventCursor.position(cursor, param: "after")
        case nil: if let kept { start = kept.position } else { start = try await feed.now() }
        }
        if let name = params.name, kept?.position != start || kept?.types != params.types {
            // Kept from the beginning, so that events between now and the first ack are not lost either.
            try await store.keep(
                KeptSubscription(name: name, types: params.types, position: start), of: principal.qualifiedID)
        }
        return start
    }

    /// What an event must be meant for; nil for admins, who see all.
    static func audiences(of principal: Principal) -> [String]? {
        principal.kind == .admin ? nil : [principal.qualifiedID, principal.kind.rawValue]
    }
}
