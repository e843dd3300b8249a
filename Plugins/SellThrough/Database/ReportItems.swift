import Foundation
import WorkflowKit

/// The entries of reports as the database has them: each is written once, with its outcome.
enum ReportItems {
    /// - Parameter count: how many entries of the report are there.
    static func insert(
        _ entries: [ReportEntry], of report: UUID, after count: Int, in transaction: any Transaction
    ) async throws(SQLError) {
        guard !entries.isEmpty else { return }
        try await transaction.execute(
            SQLStatement(
                """
                insert into sell_through.report_item (
                    report_id, item, line, set_number, segment, ordinal, element, serial, partner_id, invoice, outcome,
                    code, message)
                select $1, $2 + place, line, set_number, segment, ordinal, element, serial, partner_id, invoice,
                    outcome, code, message
                from unnest(
                    $3::integer[], $4::integer[], $5::text[], $6::integer[], $7::integer[], $8::text[], $9::text[],
                    $10::text[], $11::text[], $12::text[], $13::text[]) with ordinality
                    as entry (line, set_number, segment, ordinal, element, serial, partner_id, invoice, outcome, code,
                        message, place)
                """, name: "InsertItems", .uuid(report), .int8(Int64(count)),
                .int4Array(entries.map { ($0.item.line ?? $0.item.position.line).int32 }),
                .int4Array(entries.map { $0.set?.int32 }), .textArray(entries.map(\.item.position.segment)),
                .int4Array(entries.map { $0.item.position.ordinal?.int32 }),
                .int4Array(entries.map { $0.item.position.element?.int32 }), .textArray(entries.map(\.item.serial)),
                .textArray(entries.map(\.item.partner)), .textArray(entries.map(\.invoice)),
                .textArray(entries.map(\.item.outcome.rawValue)), .textArray(entries.map(\.item.code)),
                .textArray(entries.map(\.item.message))))
    }
}

extension Int {
    /// Line numbers and the like; a file with more than two thousand million lines is not accepted to begin with.
    var int32: Int32 { Int32(clamping: self) }
}
