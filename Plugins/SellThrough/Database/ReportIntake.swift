import Foundation
import HoldingTenant
import WorkflowKit

/// Reads a file into entries of its report: one for each serial number, one for each line without, one for each
/// warning.
struct ReportIntake {
    /// Entries written with one statement.
    private static let batch = 2_000

    private let report: KeptReport
    private let transaction: any Transaction
    private var reader: ReportReader
    private var output = ReportOutput()
    private var entries: [Entry] = []
    private var written = 0

    private struct Entry {
        var item: LineItem
        var set: Int?
        var invoice: String?
        var asked: Asked?
    }

    /// What an entry asks for whose outcome depends on what else is known.
    private struct Asked {
        var kind: String
        var product: String?
        var part: String?
        var tier: String?
        var isReplacement = false
        var soldOn: CalendarDate?
        var endCustomer: String?
    }

    init(_ report: KeptReport, catalogue: CarePackCatalogue, in transaction: any Transaction) {
        self.report = report
        self.transaction = transaction
        reader = ReportReader(report.format, catalogue: catalogue)
    }

    /// Reads the whole file; what is known at its end.
    mutating func read() async throws -> ReportSummary {
        var after = -1
        while let part = try await UploadBook.part(of: report.upload, after: after, in: transaction) {
            after = part.start
            // In pieces, so that lines and findings do not pile up.
            var rest = part.content[...]
            while !rest.isEmpty {
                let piece = rest.prefix(64 * 1_024)
                rest = rest.dropFirst(piece.count)
                reader.read(piece, into: &output)
                try await take()
            }
        }
        let summary = reader.finish(into: &output)
        try await take()
        try await write()
        try await refuse(summary)
        try await transaction.execute(
            SQLStatement(
                "update sell_through.report set lines = $2, devices = $3, is_test = $4 where report_id = $1",
                name: "CountReport", .uuid(report.id), .int4(Int32(summary.lines)), .int4(Int32(summary.devices)),
                .bool(summary.isTest)))
        if summary.isTest { try await closeTest() }
        return summary
    }

    private mutating func take() async throws {
        for finding in output.findings { entries.append(Entry(item: LineItem(warning: finding))) }
        for line in output.lines { add(line) }
        output = ReportOutput()
        if entries.count >= Self.batch { try await write() }
    }

    private mutating func add(_ line: ReportLine) {
        var line = line
        if let own = report.filerPartner, line.kind == .sale, let named = line.reseller?.id, named != own {
            line.problems.append(
                Finding(
                    .error, "reseller.not-the-filer", at: line.position,
                    "a reseller reports its own sales only, and the line names another one",
                    fix: "name the reseller that files the report"))
        }
        if line.problems.isEmpty, let party = line.reseller, case .registry = PartyNumber(party) {
            line.problems.append(
                Finding(
                    .error, "reseller.registry-number", at: line.position,
                    "the reseller is named by a D-U-N-S number or a GLN",
                    fix: "name it by its partner number, qualifier 92"))
        }
        let (items, open) = LineOutcomes.known(line, rejection: nil)
        for item in items { entries.append(Entry(item: item, set: line.heading.set, invoice: line.invoice)) }
        for serial in open {
            entries.append(
                Entry(
                    item: LineItem(line, serial, .accepted, "", ""), set: line.heading.set, invoice: line.invoice,
                    asked: asked(line)))
        }
    }

    private func asked(_ line: ReportLine) -> Asked {
        var asked = Asked(kind: line.kind == .sale ? "sale" : "return")
        switch line.part {
        case .product(let product):
            asked.product = product.description
        case .cover(let part, let tier):
            (asked.kind, asked.part, asked.tier) = ("cover", part.text, tier.rawValue)
        case .unknownCarePack(let part):
            (asked.kind, asked.part) = ("cover", part.text)
        case .unreadable, nil:
            break
        }
        if line.heading.purpose == .cancel, asked.kind == "sale" { asked.kind = "cancel" }
        asked.isReplacement = line.heading.purpose == .replace
        asked.soldOn = line.date
        asked.endCustomer = line.endCustomer?.name ?? line.endCustomer?.id
        return asked
    }

    private mutating func write() async throws {
        guard !entries.isEmpty else { return }
        let first = written + 1
        try await transaction.execute(
            SQLStatement(
                """
                insert into sell_through.report_item (
                    report_id, item, line, set_number, segment, ordinal, element, serial, partner_id, invoice, outcome,
                    code, message, kind, product_number, part, tier, is_replacement, sold_on, end_customer)
                select $1, $2 + place - 1, line, set_number, segment, ordinal, element, serial, partner_id, invoice,
                    outcome, code, message, kind, product, part, tier, is_replacement, sold_on, end_customer
                from unnest(
                    $3::integer[], $4::integer[], $5::text[], $6::integer[], $7::integer[], $8::text[], $9::text[],
                    $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[],
                    $17::text[], $18::boolean[], $19::date[], $20::text[]) with ordinality
                    as entry (line, set_number, segment, ordinal, element, serial, partner_id, invoice, outcome, code,
                        message, kind, product, part, tier, is_replacement, sold_on, end_customer, place)
                """, name: "InsertItems", .uuid(report.id), .int8(Int64(first)),
                .int4Array(entries.map { ($0.item.line ?? $0.item.position.line).int32 }),
                .int4Array(entries.map { $0.set?.int32 }), .textArray(entries.map(\.item.position.segment)),
                .int4Array(entries.map { $0.item.position.ordinal?.int32 }),
                .int4Array(entries.map { $0.item.position.element?.int32 }), .textArray(entries.map(\.item.serial)),
                .textArray(entries.map(\.item.partner)), .textArray(entries.map(\.invoice)),
                .textArray(entries.map { $0.asked == nil ? $0.item.outcome.rawValue : "open" }),
                .textArray(entries.map(\.item.code)), .textArray(entries.map(\.item.message)),
                .textArray(entries.map(\.asked?.kind)), .textArray(entries.map(\.asked?.product)),
                .textArray(entries.map(\.asked?.part)), .textArray(entries.map(\.asked?.tier)),
                .boolArray(entries.map { $0.asked?.isReplacement ?? false }),
                .dateArray(entries.map { $0.asked?.soldOn?.utcDay }), .textArray(entries.map(\.asked?.endCustomer))))
        written += entries.count
        entries = []
    }

    /// Only at the end it is known which sets are not applied: what was read of them is rejected.
    private func refuse(_ summary: ReportSummary) async throws {
        if let reason = summary.rejection {
            try await refuse(set: nil, reason)
        } else {
            for (set, reason) in summary.rejectedSets { try await refuse(set: set, reason) }
        }
    }

    private func refuse(set: Int?, _ reason: Finding) async throws {
        try await transaction.execute(
            SQLStatement(
                """
                update sell_through.report_item
                set outcome = 'rejected', code = $3, message = $4
                where report_id = $1 and ($2::integer is null or set_number = $2) and outcome <> 'warning'
                """, name: "RefuseItems", .uuid(report.id), .int4(orNull: set?.int32), .text(reason.code),
                .text("\(reason.message): \(reason.fix)")))
    }

    /// What a test asks for would be done, and is not.
    private func closeTest() async throws {
        try await transaction.execute(
            SQLStatement(
                """
                update sell_through.report_item
                set outcome = 'accepted', code = 'test.not-applied', message = 'valid; a test is never applied'
                where report_id = $1 and outcome = 'open'
                """, name: "CloseTest", .uuid(report.id)))
    }
}

extension Int {
    /// Line numbers and the like; a file with more than two thousand million lines is not accepted to begin with.
    var int32: Int32 { Int32(clamping: self) }
}
