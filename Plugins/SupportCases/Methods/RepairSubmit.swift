import Foundation
import HoldingTenant
import WorkflowKit

/// Asks for a repair: the end user after View, or the partner or the customer on the dashboard.
struct RepairSubmit: RPCMethod {
    static let name = "repair.submit"
    static let summary = "Makes the one repair case of an alert and hands it to whoever handles it."
    static let access = RPCAccess.kinds([.device, .partner, .customer])
    static let effect = RPCEffect.changes
    static let errors = ["alert.notFound", "repair.precondition"]

    let catalogue: AlertCatalogue
    let types: PartnerTypes
    let runs: any RunLauncher
    let periods: LifePeriods

    struct Params: Codable, Sendable, JSONDescribed, NamesEntity {
        var alertId: String
        var entity: String { "alert:\(alertId)" }
        var contact: RepairAnswer.Contact
        var address: String?
        var note: String?

        static let schema = JSONSchema.object([
            .required("alertId", .uuid), .required("contact", RepairAnswer.Contact.schema),
            .optional("address", .string(1...500)), .optional("note", .string(0...4_000)),
        ])
    }

    struct Result: Codable, Sendable, JSONDescribed {
        var caseId: String
        var routedTo: String
        var state: String
        var created: Bool

        static let schema = JSONSchema.object([
            .required("caseId", .uuid), .required("routedTo", .oneOf(["hp-customer-support", "csdp"])),
            .required("state", .oneOf(RepairCase.State.allCases.map(\.rawValue))), .required("created", .boolean),
        ])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> Result {
        let caller = try context.principal
        let now = context.now
        let result = try await context.change("alert:\(params.alertId)") { transaction in
            let seen = try await AlertBook.visible(params.alertId, in: transaction)
            return try await transaction.withServerRights {
                guard let id = UUID(uuidString: seen.alertId) else { throw RPCError.notFound("alert") }
                return try await submit(id, params, by: caller, at: now, in: transaction)
            }
        }
        runs.transactionCommitted()
        return result
    }

    private static func submitter(_ caller: Principal) -> AlertRouting.Submitter {
        switch caller.kind {
        case .partner: .partner
        case .customer: .itAdmin
        default: .endUser
        }
    }

    private func submit(
        _ id: UUID, _ params: Params, by caller: Principal, at now: Timestamp, in transaction: any Transaction
    ) async throws -> Result {
        var alert = try await AlertBook.locked(id, catalogue: catalogue, in: transaction)
        // One alert has one case, also when that has ended.
        if let made = try await existing(id, in: transaction) { return made }
        let submitter = Self.submitter(caller)
        switch alert.life.submit(fromDashboard: submitter != .endUser) {
        case .failure(let refusal):
            throw RPCError.precondition("repair", refusal.message)
        case .success:
            break
        }
        let decision = AlertRouting.decide(alert.routing, types: types)
        guard let destination = decision.destination, let handler = decision.handler,
            decision.maySubmit.contains(submitter)
        else { throw RPCError.precondition("repair", "No repair can be requested for this alert here.") }
        _ = try await AlertBook.store(alert, at: now, in: transaction)
        try await runs.alertEnded(alert, in: transaction)
        let life = RepairCase(destination: destination, handler: handler)
        let (account, reference) = try await handOff(destination, alert.routing.partner, in: transaction)
        let row = try await transaction.query(
            SQLStatement(
                """
                insert into support_cases.repair_case (
                    case_id, alert_id, serial, partner_id, handler, routed_to, csdp_account, reference, state,
                    submitter, origin, contact, address, note, submitted_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
                returning *
                """, name: "InsertCase", .uuid(UUID()), .uuid(id), .text(alert.serial), .text(orNull: alert.partner),
                .text(handler.rawValue), .text(destination.name), .text(orNull: account), .text(orNull: reference),
                .text(life.state.rawValue), .text(caller.qualifiedID), .text(submitter.rawValue),
                .json(try JSONCoding.encode(params.contact).bytes), .text(orNull: params.address),
                .text(orNull: params.note), .timestamp(now)))[0]
        let kept = try KeptCase(row)
        try await RepairBook.store(
            kept, step: "submit", detail: ["origin": .string(submitter.rawValue)], event: "repair.routed", at: now,
            in: transaction)
        try await runs.watch(kept, periods, in: transaction)
        return Result(
            caseId: kept.id.uuidString.lowercased(), routedTo: destination.name, state: life.state.rawValue,
            created: true)
    }

    private func handOff(
        _ destination: CaseDestination, _ partner: PartnerProfile?, in transaction: any Transaction
    ) async throws -> (account: String?, reference: String?) {
        guard case .csdp(let account) = destination, let partner else { return (nil, nil) }
        return (account.text, try await RepairBook.nextReference(of: partner, in: transaction).text)
    }

    private func existing(_ alert: UUID, in transaction: any Transaction) async throws -> Result? {
        let rows = try await transaction.query(
            SQLStatement(
                "select case_id, routed_to, state from support_cases.repair_case where alert_id = $1",
                name: "CaseOfAlert", .uuid(alert)))
        return try rows.first.map { row in
            Result(
                caseId: try row.uuid("case_id").uuidString.lowercased(), routedTo: try row.text("routed_to"),
                state: try row.text("state"), created: false)
        }
    }
}
