import Foundation
import HoldingTenant
import WorkflowKit

/// Reads a report, and waits for it if asked to.
struct ReportGet: RPCMethod {
    static let name = "report.get"
    static let summary = "A report with its counts and acknowledgements."
    static let access = RPCAccess.kinds([.reporter, .admin])
    static let effect = RPCEffect.reads
    static let errors = ["report.notFound"]

    struct Params: Codable, Sendable, JSONDescribed {
        var reportId: String
        var waitMs: Int?

        static let schema = JSONSchema.object([
            .required("reportId", .uuid),
            .optional("waitMs", .integer(0...300_000), "how long to wait for the report to be processed"),
        ])
    }

    /// One that waits holds up nothing that is sent behind it.
    static func ordering(_ params: Params) -> RPCOrdering { (params.waitMs ?? 0) > 0 ? .free : .everything }

    func call(_ params: Params, _ context: RPCContext) async throws -> ReportAnswer {
        guard let id = UUID(uuidString: params.reportId) else { throw RPCError.notFound("report") }
        let clock = ContinuousClock()
        let deadline = clock.now + .milliseconds(params.waitMs ?? 0)
        var pause = Duration.milliseconds(20)
        // Counting is left for the end: a large report would be counted again and again while it is processed.
        while clock.now < deadline {
            guard try await isUnderWay(id, context) else { break }
            try await Task.sleep(for: min(pause, deadline - clock.now))
            pause = min(pause * 2, .milliseconds(500))
        }
        return try await read(id, context)
    }

    private func isUnderWay(_ id: UUID, _ context: RPCContext) async throws -> Bool {
        try await context.read { transaction in
            try await transaction.query(
                SQLStatement(
                    "select report_id from sell_through.report where report_id = $1 and finished_at is null",
                    name: "ReportUnderWay", .uuid(id))
            ).isEmpty == false
        }
    }

    private func read(_ id: UUID, _ context: RPCContext) async throws -> ReportAnswer {
        try await context.read { transaction in
            let rows = try await transaction.query(
                SQLStatement(
                    """
                    select report_id, run_id, name, format, status, received_at, finished_at, is_test, lines, devices,
                        ta1, x997, x824
                    from sell_through.report
                    where report_id = $1
                    """, name: "ReportGet", .uuid(id)))
            guard let row = rows.first else { throw RPCError.notFound("report") }
            var answers = [try ReportAnswer(row)]
            try await ReportAnswer.count(&answers, in: transaction)
            return answers[0]
        }
    }
}

/// Lists reports, newest first.
struct ReportList: RPCMethod {
    static let name = "report.list"
    static let summary = "The reports of the filer, newest first."
    static let access = RPCAccess.kinds([.reporter, .admin])
    static let effect = RPCEffect.reads

    struct Params: Codable, Sendable, JSONDescribed {
        var limit: Int?
        var cursor: String?
        static let schema = JSONSchema.object(PageParams.members)
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> Page<ReportAnswer> {
        let page = PageParams(limit: params.limit, cursor: params.cursor)
        var after: (at: Timestamp, id: UUID)?
        if let cursor = page.cursor {
            let values = try PageCursor(cursor, count: 2).values
            guard let at = values[0].intValue, let id = values[1].stringValue.flatMap(UUID.init(uuidString:)) else {
                throw RPCError.invalidParam("cursor", "must be a cursor that a page of this list gave")
            }
            after = (Timestamp(microsecondsSince1970: Int64(at)), id)
        }
        let place = after
        let rows = try await context.read { transaction in
            let rows = try await transaction.query(
                SQLStatement(
                    """
                    select report_id, run_id, name, format, status, received_at, finished_at, is_test, lines, devices,
                        null::text as ta1, null::text as x997, null::text as x824
                    from sell_through.report
                    where $1::timestamptz is null or (received_at, report_id) < ($1, $2::uuid)
                    order by received_at desc, report_id desc
                    limit $3
                    """, name: "ReportList", .timestamp(orNull: place?.at), .uuid(orNull: place?.id),
                    .int4(Int32(page.limit + 1))))
            var answers: [ReportAnswer] = []
            for row in rows { answers.append(try ReportAnswer(row)) }
            try await ReportAnswer.count(&answers, in: transaction)
            return answers
        }
        return try Page(rows: rows, limit: page.limit, context: context) { item in
            PageCursor([.int(Int(item.receivedAt.microsecondsSince1970)), .string(item.reportId)])
        }
    }
}
