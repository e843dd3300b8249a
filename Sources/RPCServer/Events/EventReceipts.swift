internal import WorkflowKit

/// Does what is to be done once an event was sent to one session.
struct EventReceipts: Sendable {
    private let receipts: [EventReceipt]
    private let services: RPCServices
    private let principal: Principal

    init(_ services: RPCServices, for principal: Principal) {
        receipts = services.receipts.filter { $0.kind == principal.kind }
        self.services = services
        self.principal = principal
    }

    func sent(_ event: PlacedEvent) async {
        guard let database = services.database else { return }
        for receipt in receipts where receipt.type == event.type {
            guard let data = try? JSON(parsing: event.data) else { continue }
            let now = services.clock()
            let entry = AuditEntry(
                at: now, principal: principal.qualifiedID, method: "event.subscribe", entity: receipt.entity(data),
                requestID: EventCursor.text(event.position))
            _ = try? await database.transaction(as: principal, readOnly: false) { [services] transaction in
                guard try await receipt.body(data, now, transaction) else { return }
                try await services.audit?.append(entry, in: transaction)
            }
        }
    }
}
