import Foundation
import HoldingTenant
import WorkflowKit

/// One request, locked, with what the rules need of it.
struct KeptRequest: Sendable {
    var id: UUID
    /// The caller that opened it, as `kind:id`.
    var opener: String
    var partner: String?
    var life: SupportRequest

    init(_ row: SQLRow) throws {
        id = try row.uuid("request_id")
        opener = try row.text("opener")
        partner = try row.textOrNull("partner_id")
        life = SupportRequest(state: SupportRequest.State(rawValue: try row.text("state")) ?? .cancelled)
    }

    /// The opener as events address it.
    var openers: [Event.Audience] {
        if let partner { return [.partner(partner)] }
        guard opener.hasPrefix("customer:") else { return [] }
        return [.customer(String(opener.dropFirst("customer:".count)))]
    }
}

/// Support requests as the database has them. What changes them has the server's rights and names its request.
enum SupportBook {
    /// Most serial numbers that come at once.
    static let serialsMax = 10_000

    static func locked(_ id: String, in transaction: any Transaction) async throws -> KeptRequest? {
        guard let id = UUID(uuidString: id) else { return nil }
        return try await transaction.query(
            SQLStatement(
                "select * from support_cases.request where request_id = $1 for update", name: "LockRequest", .uuid(id))
        ).first.map { try KeptRequest($0) }
    }

    /// Adds serial numbers to a request. PCs that were reported for the partner and wait are transferred at once.
    static func add(
        _ raws: [String], to request: KeptRequest, at now: Timestamp, in transaction: any Transaction
    ) async throws {
        guard !raws.isEmpty else { return }
        let serials = raws.map { raw in (try? SerialNumber.read(raw).get().text) ?? raw }
        if let partner = request.partner {
            try await TenantOpening.bringIn(
                PartnerID(unchecked: partner), serials: Set(serials).sorted(),
                reference: "support:\(request.id.uuidString.lowercased())", at: now, in: transaction)
        }
        try await transaction.execute(
            SQLStatement(
                """
                insert into support_cases.request_serial (request_id, place, serial)
                select $1, (select coalesce(max(place), 0) from support_cases.request_serial where request_id = $1)
                        + row_number() over (order by first_place), serial
                from (
                    select serial, min(place) as first_place
                    from unnest($2::text[]) with ordinality as listed (serial, place)
                    group by serial
                ) as listed
                on conflict (request_id, serial) do nothing
                """, name: "AddRequestSerials", .uuid(request.id), .textArray(serials)))
    }

    static func say(
        _ text: String?, as author: StaticString, in request: UUID, at now: Timestamp,
        transaction: any Transaction
    ) async throws {
        guard let text, !text.isEmpty else { return }
        try await transaction.execute(
            SQLStatement(
                "insert into support_cases.request_message (request_id, at, author, text) values ($1, $2, $3, $4)",
                name: "AddMessage", .uuid(request), .timestamp(now), .text(author.description), .text(text)))
    }

    /// Writes the state and tells the opener and the support team.
    static func store(
        _ request: KeptRequest, step: String, at now: Timestamp, in transaction: any Transaction
    ) async throws {
        try await transaction.execute(
            SQLStatement(
                "update support_cases.request set state = $2 where request_id = $1", name: "StoreRequest",
                .uuid(request.id), .text(request.life.state.rawValue)))
        try await transaction.emit(
            Event(
                "support.changed", to: [.support] + request.openers, at: now,
                data: [
                    "requestId": .string(request.id.uuidString.lowercased()),
                    "state": .string(request.life.state.rawValue), "step": .string(step),
                ]))
    }
}
