import Foundation
import HoldingTenant
import WorkflowKit

/// Names one case in parameters.
struct CaseReference: Codable, Sendable, JSONDescribed, NamesEntity {
    var caseId: String
    var entity: String { "repair:\(caseId)" }
    static let schema = JSONSchema.object([.required("caseId", .uuid)])
}

/// Reads one case.
struct RepairGet: RPCMethod {
    static let name = "repair.get"
    static let summary = "One repair case with its history."
    static let access = RPCAccess.kinds([.device, .partner, .customer, .support, .admin])
    static let effect = RPCEffect.reads
    static let errors = ["repair.notFound"]

    func call(_ params: CaseReference, _ context: RPCContext) async throws -> RepairAnswer {
        let caller = try context.principal
        return try await context.read { transaction in
            guard let id = UUID(uuidString: params.caseId) else { throw RPCError.notFound("repair") }
            let rows = try await transaction.query(
                SQLStatement(
                    "select * from support_cases.repair_case where case_id = $1", name: "CaseByID", .uuid(id)))
            guard let row = rows.first, try KeptCase(row).isRead(by: caller),
                let answer = try await RepairBook.answer(id, for: caller, in: transaction)
            else { throw RPCError.notFound("repair") }
            return answer
        }
    }
}

/// Lists cases, newest first, without their history.
struct RepairList: RPCMethod {
    static let name = "repair.list"
    static let summary = "The repair cases that the caller may read, newest first."
    static let access = RPCAccess.kinds([.device, .partner, .customer, .support, .admin])
    static let effect = RPCEffect.reads

    struct Params: Codable, Sendable, JSONDescribed {
        var state: String?
        var limit: Int?
        var cursor: String?

        static let schema = JSONSchema.object(
            [.optional("state", .oneOf(RepairCase.State.allCases.map(\.rawValue)))] + PageParams.members)
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> Page<RepairAnswer> {
        let caller = try context.principal
        let page = PageParams(limit: params.limit, cursor: params.cursor)
        let place = try page.cursor.map { try TimeCursor($0) }
        let rows = try await context.read { transaction in
            let cases = try await transaction.query(
                SQLStatement(
                    """
                    select *
                    from support_cases.repair_case
                    where ($1::text is null or state = $1) and (not $2 or handler = 'hp-customer-support')
                      and ($3::timestamptz is null or (submitted_at, case_id) < ($3, $4::uuid))
                    order by submitted_at desc, case_id desc
                    limit $5
                    """, name: "RepairList", .text(orNull: params.state), .bool(caller.kind == .support),
                    .timestamp(orNull: place?.at), .uuid(orNull: place?.id), .int4(Int32(page.limit + 1)))
            )
            let faults = try await RepairBook.faults(of: cases, in: transaction)
            return try cases.compactMap { row in
                try faults[try row.uuid("alert_id")].map { try RepairAnswer(row, fault: $0, history: []) }
            }
        }
        return try Page(rows: rows, limit: page.limit, context: context) {
            TimeCursor.cursor($0.submittedAt, $0.caseId)
        }
    }
}
