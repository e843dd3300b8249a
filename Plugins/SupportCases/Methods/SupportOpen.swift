import Foundation
import HoldingTenant
import WorkflowKit

/// Opens a request to the support team.
struct SupportOpen: RPCMethod {
    static let name = "support.open"
    static let summary = "Opens a request; listed PCs are looked up at once, and transferred if they only waited."
    static let access = RPCAccess.kinds([.partner, .customer])
    static let effect = RPCEffect.changes

    let runs: any RunLauncher
    let periods: LifePeriods

    struct Params: Codable, Sendable, JSONDescribed {
        var category: String
        var subject: String
        var serials: [String]?
        var evidence: JSON?

        static let schema = JSONSchema.object([
            .required("category", .oneOf(SupportCategory.allCases.map(\.rawValue))),
            .required("subject", .string(1...500)),
            .optional("serials", .array(of: .string(1...128), count: 0...SupportBook.serialsMax)),
            .optional("evidence", .any, "what proves the sale, such as invoices"),
        ])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> SupportAnswer {
        let caller = try context.principal
        let reader = try SupportReader(context)
        let (id, now) = (UUID(), context.now)
        let answer = try await context.change("support:\(id.uuidString.lowercased())") { transaction in
            try await transaction.withServerRights {
                let row = try await transaction.query(
                    SQLStatement(
                        """
                        insert into support_cases.request
                            (request_id, opener, partner_id, category, subject, evidence, state, opened_at)
                        values ($1, $2, $3, $4, $5, $6, 'open', $7)
                        returning *
                        """, name: "InsertRequest", .uuid(id), .text(caller.qualifiedID),
                        .text(orNull: caller.kind == .partner ? caller.partnerID : nil), .text(params.category),
                        .text(params.subject), .json(orNull: params.evidence?.bytes), .timestamp(now)))[0]
                let request = try KeptRequest(row)
                try await SupportBook.add(params.serials ?? [], to: request, at: now, in: transaction)
                try await SupportBook.store(request, step: "open", at: now, in: transaction)
                try await runs.watch(request, periods, in: transaction)
                guard var answer = try await reader.answer(id, in: transaction) else { throw RPCError.internalError }
                if params.serials?.isEmpty ?? true, let partner = request.partner {
                    answer.hint = try await Self.hint(params.category, partner, in: transaction)
                }
                return answer
            }
        }
        runs.transactionCommitted()
        return answer
    }

    /// A partner whose page is not there yet is asked for its list at once; it can come in a reply.
    private static func hint(
        _ category: String, _ partner: String, in transaction: any Transaction
    ) async throws -> JSON? {
        let rows = try await transaction.query(
            SQLStatement(
                """
                select count(*) as count
                from holding.holding_tenant
                where partner_id = $1 and first_transfer_at is not null
                """, name: "IsPageVisible", .text(partner)))
        let branch = SupportBranch(
            category: SupportCategory(rawValue: category) ?? .general, isPageVisible: try rows[0].int("count") > 0)
        guard branch.asksForSerials(given: 0) else { return .none }
        return TextCatalogue.inAllLanguages(.supportAskSerials)
    }
}
