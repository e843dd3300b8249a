import Foundation
import HoldingTenant
import WorkflowKit

/// Ends a report: its verdict, and what its sender is answered.
struct ReportClosing {
    let report: KeptReport
    let survey: ReportSurvey
    let now: Timestamp
    let transaction: any Transaction

    /// One transaction set as its outcome is told.
    private struct Tally {
        var accepted = 0
        var items: [ApplicationAdvice.Item] = []
    }

    /// - Returns: the status that the report ends with.
    func close() async throws -> String {
        let (summary, headings) = (survey.summary, survey.headings)
        let rejected = summary.rejection != nil
        let taken = try await takenCount()
        let isNothingTaken = taken == 0 && !summary.rejectedSets.isEmpty
        let status = rejected || isNothingTaken ? "rejected" : "processed"
        let texts = try await acknowledgements(summary, headings)
        try await transaction.execute(
            SQLStatement(
                """
                update sell_through.report
                set status = $2, finished_at = $3, ta1 = $4, x997 = $5, x824 = $6
                where report_id = $1
                """, name: "CloseReport", .uuid(report.id), .text(status), .timestamp(now),
                .text(orNull: texts.ta1), .text(orNull: texts.x997), .text(orNull: texts.x824)))
        var audiences = [Event.Audience.reporter(report.filer.text)]
        if let partner = report.filerPartner { audiences.append(.partner(partner)) }
        try await transaction.emit(
            Event(
                "report.processed", to: audiences, at: now,
                data: ["reportId": .string(report.id.uuidString.lowercased()), "status": .string(status)]))
        return status
    }

    private func takenCount() async throws -> Int {
        try await transaction.query(
            SQLStatement(
                """
                select count(*) as taken
                from sell_through.report_item
                where report_id = $1 and outcome in ('accepted', 'pending')
                """, name: "TakenItems", .uuid(report.id)))[0].int("taken")
    }

    private func acknowledgements(
        _ summary: ReportSummary, _ headings: [Int: ReportHeading]
    ) async throws -> (ta1: String?, x997: String?, x824: String?) {
        guard !summary.interchanges.isEmpty else { return (nil, nil, nil) }
        let tallies = try await tallies()
        var (ta1, x997, x824): ([String], [String], [String]) = ([], [], [])
        for interchange in summary.interchanges {
            ta1.append(X12Acknowledgements.ta1(for: interchange, envelope: try await envelope()))
            if let text = X12Acknowledgements.functional(for: interchange, envelope: try await envelope()) {
                x997.append(text)
            }
            guard !interchange.isRejected else { continue }
            let outcomes = interchange.groups.flatMap { group in
                group.sets.filter { $0.identifier == "867" }.map { set in
                    ApplicationAdvice.SetOutcome(
                        set: set, group: group, reportID: headings[set.number]?.reportID,
                        accepted: tallies[set.number]?.accepted ?? 0, items: tallies[set.number]?.items ?? [])
                }
            }
            guard let first = outcomes.first else { continue }
            x824.append(
                ApplicationAdvice.write(
                    outcomes, answering: interchange, senderName: headings[first.set.number]?.filer?.name,
                    envelope: try await envelope()))
        }
        func joined(_ texts: [String]) -> String? { texts.isEmpty ? nil : texts.joined() }
        return (joined(ta1), joined(x997), joined(x824))
    }

    /// Each interchange that is written has a number of its own.
    private func envelope() async throws -> AcknowledgementEnvelope {
        let rows = try await transaction.query(
            SQLStatement(
                "select nextval('sell_through.acknowledgement_number') as number", name: "NextAcknowledgement"))
        return AcknowledgementEnvelope(controlNumber: try rows[0].int("number"), writtenAt: now)
    }

    private func tallies() async throws -> [Int: Tally] {
        var tallies: [Int: Tally] = [:]
        let counts = try await transaction.query(
            SQLStatement(
                """
                select set_number, count(*) as accepted
                from sell_through.report_item
                where report_id = $1 and outcome in ('accepted', 'pending') and set_number is not null
                group by set_number
                """, name: "AcceptedBySet", .uuid(report.id)))
        for row in counts { tallies[try row.int("set_number"), default: Tally()].accepted = try row.int("accepted") }
        // One more than an 824 lists for each set is enough to know that there are more.
        let rejected = try await transaction.query(
            SQLStatement(
                """
                select set_number, line, segment, ordinal, element, serial, invoice, message
                from (
                    select *, row_number() over (partition by set_number order by item) as place
                    from sell_through.report_item
                    where report_id = $1 and outcome = 'rejected' and set_number is not null
                ) as numbered
                where place <= 1000
                order by item
                """, name: "RejectedBySet", .uuid(report.id)))
        for row in rejected {
            let position = SourcePosition(
                line: try row.intOrNull("line") ?? 0, segment: try row.textOrNull("segment"),
                ordinal: try row.intOrNull("ordinal"), element: try row.intOrNull("element"))
            tallies[try row.int("set_number"), default: Tally()].items.append(
                ApplicationAdvice.Item(
                    invoice: try row.textOrNull("invoice"), serial: try row.textOrNull("serial"),
                    message: try row.text("message"), position: position, isRejected: true))
        }
        return tallies
    }
}
