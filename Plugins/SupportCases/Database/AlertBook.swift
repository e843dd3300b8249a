import Foundation
import HoldingTenant
import WorkflowKit

/// Alerts as the database has them.
struct AlertAnswer: Codable, Sendable, JSONDescribed {
    var alertId: String
    var serial: String
    var type: String
    var component: String?
    var severity: String
    var state: String
    var evidence: JSON?
    var raisedAt: Timestamp
    var updatedAt: Timestamp

    static let schema = JSONSchema.object([
        .required("alertId", .uuid), .required("serial", .identifier), .required("type", .identifier),
        .optional("component", .text), .required("severity", .oneOf(AlertType.Severity.allCases.map(\.rawValue))),
        .required("state", .oneOf(AlertLife.State.allCases.map(\.rawValue))), .optional("evidence", .any),
        .required("raisedAt", .timestamp), .required("updatedAt", .timestamp),
    ])

    init(_ row: SQLRow) throws {
        alertId = try row.uuid("alert_id").uuidString.lowercased()
        serial = try row.text("serial")
        type = try row.text("type")
        let part = try row.text("component")
        component = part.isEmpty ? nil : part
        severity = try row.text("severity")
        state = try row.text("state")
        evidence = try row.bytesOrNull("evidence").map { try JSON(parsing: $0) }
        raisedAt = try row.timestamp("raised_at")
        updatedAt = try row.timestamp("updated_at")
    }
}

/// One alert with what the rules need of it and of its PC.
struct KeptAlert: Sendable {
    var id: UUID
    var serial: String
    var type: String
    var life: AlertLife
    var routing: AlertRouting.Facts
    /// The partner of the PC's place, if it has one.
    var partner: String?
    var customer: UUID?
}

enum AlertBook {
    /// The alert if the caller sees it, as the caller reads it.
    static func visible(_ id: String, in transaction: any Transaction) async throws -> AlertAnswer {
        guard let id = UUID(uuidString: id) else { throw RPCError.notFound("alert") }
        let rows = try await transaction.query(
            SQLStatement("select * from support_cases.alert where alert_id = $1", name: "AlertByID", .uuid(id)))
        guard let row = rows.first else { throw RPCError.notFound("alert") }
        return try AlertAnswer(row)
    }

    /// The alert, locked, with what decides who is told and where a case goes. With the server's rights.
    static func locked(
        _ id: UUID, catalogue: AlertCatalogue, in transaction: any Transaction
    ) async throws -> KeptAlert {
        let rows = try await transaction.query(
            SQLStatement(
                """
                select device_id, serial, type, state, was_delivered
                from support_cases.alert
                where alert_id = $1
                for update
                """, name: "LockAlert", .uuid(id)))
        guard let row = rows.first else { throw RPCError.notFound("alert") }
        let life = AlertLife(
            state: AlertLife.State(rawValue: try row.text("state")) ?? .expired,
            wasDelivered: try row.bool("was_delivered"))
        let type = try row.text("type")
        var (routing, partner, customer) = try await facts(
            ofDevice: Int64(try row.int("device_id")), type: catalogue[type], in: transaction)
        routing.wasDeliveredBefore = life.wasDelivered
        return KeptAlert(
            id: id, serial: try row.text("serial"), type: type, life: life, routing: routing, partner: partner,
            customer: customer)
    }

    /// What decides about alerts of a PC where it is now.
    static func facts(
        ofDevice device: Int64, type: AlertType?, in transaction: any Transaction
    ) async throws -> (AlertRouting.Facts, partner: String?, customer: UUID?) {
        let rows = try await transaction.query(
            SQLStatement(
                """
                select device_seen.partner_id, device_seen.customer_id, tier,
                    coalesce(self_service_alerts, true) as self_service
                from holding.device_seen
                left join holding.customer on customer.customer_id = device_seen.customer_id
                where device_id = $1
                """, name: "RoutingOfDevice", .int8(device)))
        guard let row = rows.first else { throw RPCError.notFound("device") }
        let partner = try row.textOrNull("partner_id")
        let customer = try row.uuidOrNull("customer_id")
        var profile: PartnerProfile?
        if let partner { profile = try await PartnerBook.profile(of: partner, in: transaction) }
        let place =
            customer.map { Place.dashboard(CustomerID($0)) }
            ?? partner.map { Place.holdingTenant(PartnerID(unchecked: $0)) }
        let facts = AlertRouting.Facts(
            place: place, tier: try row.textOrNull("tier").flatMap(Tier.init(rawValue:)),
            selfServiceAlerts: try row.bool("self_service"), partner: profile,
            isShownToEndUsers: type?.isShownToEndUsers ?? false, isRepairable: type?.isRepairable ?? false)
        return (facts, partner, customer)
    }

    static func store(
        _ alert: KeptAlert, at now: Timestamp, in transaction: any Transaction
    ) async throws -> AlertAnswer {
        let rows = try await transaction.query(
            SQLStatement(
                """
                update support_cases.alert
                set state = $2, was_delivered = $3, updated_at = $4
                where alert_id = $1
                returning *
                """, name: "StoreAlert", .uuid(alert.id), .text(alert.life.state.rawValue),
                .bool(alert.life.wasDelivered), .timestamp(now)))
        return try AlertAnswer(rows[0])
    }

    /// The pop-up was sent to the PC's session: the alert is delivered, unless it came further meanwhile.
    static func popupReceipt(_ catalogue: AlertCatalogue) -> EventReceipt {
        EventReceipt(of: "alert.popup", sentTo: .device) { data in
            "alert:\(data["alertId"]?.stringValue ?? "")"
        } _: { data, now, transaction in
            guard let id = data["alertId"]?.stringValue.flatMap(UUID.init(uuidString:)) else { return false }
            return try await transaction.withServerRights {
                var alert = try await locked(id, catalogue: catalogue, in: transaction)
                guard alert.life.deliver() == .store else { return false }
                _ = try await store(alert, at: now, in: transaction)
                return true
            }
        }
    }

    /// The case that was made of the alert is resolved or came to nothing.
    static func caseEnded(_ id: UUID, at now: Timestamp, in transaction: any Transaction) async throws {
        var alert = try await locked(id, catalogue: .shipped, in: transaction)
        guard alert.life.caseEnded() == .store else { return }
        _ = try await store(alert, at: now, in: transaction)
    }

    /// Whoever sees the alert hears of it: the PC, and in a dashboard the customer and its partner.
    static func audiences(serial: String, partner: String?, customer: UUID?) -> [Event.Audience] {
        var audiences = [Event.Audience.device(serial)]
        if let customer {
            audiences.append(.customer(CustomerID(customer).text))
            if let partner { audiences.append(.partner(partner)) }
        }
        return audiences
    }
}
