import Foundation
import WorkflowKit

/// What became of each serial number of a report.
struct ReportLines: RPCMethod {
    static let name = "report.lines"
    static let summary = "The outcome of each serial number of a report, and the warnings, in the order of the file."
    static let access = RPCAccess.kinds([.reporter, .admin])
    static let effect = RPCEffect.reads
    static let errors = ["report.notFound"]

    struct Params: Codable, Sendable, JSONDescribed {
        var reportId: String
        var outcome: String?
        var limit: Int?
        var cursor: String?

        static let schema = JSONSchema.object(
            [
                .required("reportId", .uuid),
                .optional("outcome", .oneOf(LineItem.Outcome.allCases.map(\.rawValue))),
            ] + PageParams.members)
    }

    struct Item: Codable, Sendable, JSONDescribed {
        var line: Int?
        var segment: String?
        var element: Int?
        var serial: String?
        var partnerId: String?
        var outcome: String
        var code: String
        var message: String
        /// Its place in the report, for the cursor.
        var item: Int

        static let schema = JSONSchema.object([
            .optional("line", .integer(0...Int.max)), .optional("segment", .text),
            .optional("element", .integer(0...Int.max)), .optional("serial", .text), .optional("partnerId", .text),
            .required("outcome", .oneOf(LineItem.Outcome.allCases.map(\.rawValue))), .required("code", .text),
            .required("message", .text), .required("item", .integer(1...Int.max), "counted from 1"),
        ])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> Page<Item> {
        guard let id = UUID(uuidString: params.reportId) else { throw RPCError.notFound("report") }
        let page = PageParams(limit: params.limit, cursor: params.cursor)
        var after = 0
        if let cursor = page.cursor {
            guard let value = try PageCursor(cursor, count: 1).values[0].intValue else {
                throw RPCError.invalidParam("cursor", "must be a cursor that a page of this list gave")
            }
            after = value
        }
        let place = after
        let rows = try await context.read { transaction -> [Item] in
            let found = try await transaction.query(
                SQLStatement(
                    "select report_id from sell_through.report where report_id = $1", name: "ReportExists", .uuid(id)))
            guard !found.isEmpty else { throw RPCError.notFound("report") }
            return try await transaction.query(
                Self.statement(of: id, outcome: params.outcome, after: place, limit: page.limit + 1)
            ).map { row in
                Item(
                    line: try row.intOrNull("line"), segment: try row.textOrNull("segment"),
                    element: try row.intOrNull("element"), serial: try row.textOrNull("serial"),
                    partnerId: try row.textOrNull("partner_id"), outcome: try row.text("outcome"),
                    code: try row.text("code"), message: try row.text("message"), item: try row.int("item"))
            }
        }
        return try Page(rows: rows, limit: page.limit, context: context) { PageCursor([.int($0.item)]) }
    }

    /// Two statements, because entries that are not accepted are found by an index of their own.
    private static func statement(of id: UUID, outcome: String?, after place: Int, limit: Int) -> SQLStatement {
        if let outcome, outcome != LineItem.Outcome.accepted.rawValue {
            return SQLStatement(
                """
                select item, line, segment, element, serial, partner_id, outcome, code, message
                from sell_through.report_item
                where report_id = $1 and item > $2 and outcome = $3 and outcome <> 'accepted'
                order by item
                limit $4
                """, name: "ReportLinesOfOutcome", .uuid(id), .int8(Int64(place)), .text(outcome), .int4(limit.int32))
        }
        return SQLStatement(
            """
            select item, line, segment, element, serial, partner_id, outcome, code, message
            from sell_through.report_item
            where report_id = $1 and item > $2 and ($3::text is null or outcome = $3)
            order by item
            limit $4
            """, name: "ReportLines", .uuid(id), .int8(Int64(place)), .text(orNull: outcome), .int4(limit.int32))
    }
}
