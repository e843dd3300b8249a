import Foundation
import HoldingTenant
import WorkflowKit

/// A report as its workflow needs it.
struct KeptReport: Sendable {
    let id: UUID
    let filer: ReporterID
    /// The partner that a reseller is, if the filer is one.
    let filerPartner: String?
    let format: ReportFormat
    let upload: UUID

    static func find(_ id: UUID, in transaction: any Transaction) async throws -> KeptReport {
        let rows = try await transaction.query(
            SQLStatement(
                """
                select filer, filer_partner, format, upload_id
                from sell_through.report
                where report_id = $1
                """, name: "ReportByID", .uuid(id)))
        guard let row = rows.first, let format = ReportFormat(rawValue: try row.text("format")) else {
            throw Failure.permanent("report.unknown", "there is no such report")
        }
        return KeptReport(
            id: id, filer: ReporterID(unchecked: try row.text("filer")),
            filerPartner: try row.textOrNull("filer_partner"), format: format, upload: try row.uuid("upload_id"))
    }
}
