import Foundation
import HoldingTenant
import WorkflowKit

/// A report as its filer reads it.
struct ReportAnswer: Codable, Sendable, JSONDescribed {
    struct Counts: Codable, Sendable {
        var lines: Int
        var devices: Int
        var accepted = 0
        var rejected = 0
        var warnings = 0
        var pending = 0
    }

    /// Each a whole interchange; an answer that is not given is left out.
    struct Acknowledgements: Codable, Sendable {
        var ta1: String?
        var x997: String?
        var x824: String?
    }

    static let statuses = ["received", "processing", "processed", "rejected"]

    var reportId: String
    var runId: String?
    var name: String?
    var format: String
    var status: String
    var receivedAt: Timestamp
    var finishedAt: Timestamp?
    /// The interchange was a test: it was read and answered, and nothing was applied.
    var isTest: Bool
    var counts: Counts
    var acknowledgements: Acknowledgements

    static let schema = JSONSchema.object([
        .required("reportId", .uuid), .optional("runId", .uuid), .optional("name", .text),
        .required("format", .oneOf(ReportFormat.allCases.map(\.rawValue))), .required("status", .oneOf(statuses)),
        .required("receivedAt", .timestamp), .optional("finishedAt", .timestamp), .required("isTest", .boolean),
        .required(
            "counts",
            .object(
                ["lines", "devices", "accepted", "rejected", "warnings", "pending"].map {
                    .required($0, .integer(0...Int.max))
                })),
        .required(
            "acknowledgements",
            .object(["ta1", "x997", "x824"].map { .optional($0, .string(0...Int.max)) })),
    ])

    init(_ row: SQLRow) throws {
        reportId = try row.uuid("report_id").uuidString.lowercased()
        runId = try row.uuidOrNull("run_id")?.uuidString.lowercased()
        name = try row.textOrNull("name")
        format = try row.text("format")
        status = try row.text("status")
        receivedAt = try row.timestamp("received_at")
        finishedAt = try row.timestampOrNull("finished_at")
        isTest = try row.bool("is_test")
        counts = Counts(lines: try row.int("lines"), devices: try row.int("devices"))
        acknowledgements = Acknowledgements(
            ta1: try row.textOrNull("ta1"), x997: try row.textOrNull("x997"), x824: try row.textOrNull("x824"))
    }

    /// Fills in how many entries there are of each outcome.
    static func count(_ answers: inout [ReportAnswer], in transaction: any Transaction) async throws {
        let rows = try await transaction.query(
            SQLStatement(
                """
                select report_id, outcome, count(*) as count
                from sell_through.report_item
                where report_id = any ($1)
                group by report_id, outcome
                """, name: "CountItems", .uuidArray(answers.map { UUID(uuidString: $0.reportId) })))
        for row in rows {
            let id = try row.uuid("report_id").uuidString.lowercased()
            guard let index = answers.firstIndex(where: { $0.reportId == id }) else { continue }
            let count = try row.int("count")
            switch try row.text("outcome") {
            case "accepted": answers[index].counts.accepted = count
            case "rejected": answers[index].counts.rejected = count
            case "warning": answers[index].counts.warnings = count
            case "pending": answers[index].counts.pending = count
            default: break
            }
        }
    }
}
