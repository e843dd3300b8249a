import Foundation
import HoldingTenant
import WorkflowKit

/// Writes down the order that CSDP gave for a case, if it can be the order of this case.
struct RepairRecordOrder: RPCMethod {
    static let name = "repair.recordOrder"
    static let summary = "Records the order that CSDP gave; refuses one that belongs to another case."
    static let access = RPCAccess.kinds([.partner])
    static let effect = RPCEffect.changes
    static let errors = RepairStep.errors

    struct Params: Codable, Sendable, JSONDescribed, NamesEntity {
        var caseId: String
        var entity: String { "repair:\(caseId)" }
        var orderNumber: String
        var serial: String
        var orderedAt: Timestamp

        static let schema = JSONSchema.object([
            .required("caseId", .uuid), .required("orderNumber", .string(1...40)), .required("serial", .identifier),
            .required("orderedAt", .timestamp),
        ])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> RepairAnswer {
        let caller = try context.principal
        let now = context.now
        return try await context.change("repair:\(params.caseId)") { transaction in
            try await transaction.withServerRights {
                guard let kept = try await RepairBook.locked(params.caseId, in: transaction), kept.isRead(by: caller)
                else { throw RPCError.notFound("repair") }
                guard kept.life.handler == .partner, kept.partner == caller.partnerID else {
                    throw RPCError.forbidden("Orders are recorded by the partner that handles the case.")
                }
                if try await judge(params, kept, in: transaction) {
                    try await transaction.execute(
                        SQLStatement(
                            "update support_cases.repair_case set order_number = $2 where case_id = $1",
                            name: "RecordOrder", .uuid(kept.id), .text(params.orderNumber)))
                    try await RepairBook.store(
                        kept, step: "record-order", detail: ["orderNumber": .string(params.orderNumber)], at: now,
                        in: transaction)
                }
                guard let answer = try await RepairBook.answer(kept.id, for: caller, in: transaction) else {
                    throw RPCError.notFound("repair")
                }
                return answer
            }
        }
    }

    /// Whether the order is new to this case.
    private func judge(_ params: Params, _ kept: KeptCase, in transaction: any Transaction) async throws -> Bool {
        let rows = try await transaction.query(
            SQLStatement(
                """
                select case_id, order_number
                from support_cases.repair_case
                where order_number is not null and (case_id = $1 or order_number = $2)
                """, name: "RecordedOrders", .uuid(kept.id), .text(params.orderNumber)))
        let recorded = try rows.map { row in
            OrderRules.Recorded(
                orderNumber: try row.text("order_number"), caseID: try row.uuid("case_id").uuidString)
        }
        let serial = (try? SerialNumber.read(params.serial).get().text) ?? params.serial
        let verdict = OrderRules.judge(
            orderNumber: params.orderNumber, serial: serial, orderedAt: params.orderedAt, caseID: kept.id.uuidString,
            caseSerial: kept.serial, caseSubmittedAt: kept.submittedAt, recorded: recorded)
        switch verdict {
        case .success(let isNew): return isNew
        case .failure(let refusal):
            // Whose other case it is, is not told.
            throw RPCError.conflict(
                "repair", "The order is not the order of this case.", detail: ["reason": .string(refusal.rawValue)])
        }
    }
}
