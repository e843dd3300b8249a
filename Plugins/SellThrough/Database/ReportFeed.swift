import Foundation
import HoldingTenant
import WorkflowKit

/// What the end of a report's file tells about all of it.
struct ReportSurvey: Sendable {
    let summary: ReportSummary
    /// By the number of the set.
    let headings: [Int: ReportHeading]
}

/// Reads the file of a report for its run: once to its end, where it is known what is not applied, and once more entry
/// by entry while they are applied.
///
/// Nothing of it is stored. After a restart, or when a transaction is repeated, the place in the file is found again
/// from its beginning.
actor ReportFeed {
    /// Entries of one transaction: large enough that statements cost little, small enough that others wait little.
    static let batch = 2_000
    /// In pieces, so that lines and findings do not pile up, and others have a turn between two of them: a third of a
    /// millisecond each.
    private static let pieceBytes = 4 * 1_024

    private let id: UUID
    private let catalogue: CarePackCatalogue
    private var kept: (report: KeptReport, survey: ReportSurvey)?
    private var reading: Reading?
    private var ready: [ReportEntry] = []
    /// Entries before the first of `ready`.
    private var position = 0

    /// A place in the file.
    private struct Reading {
        var reader: ReportReader
        var after = -1
        var rest: ArraySlice<UInt8> = []
        var isAtEnd = false
    }

    init(_ id: UUID, catalogue: CarePackCatalogue) {
        self.id = id
        self.catalogue = catalogue
    }

    func report(in transaction: any Transaction) async throws -> KeptReport {
        try await known(in: transaction).report
    }

    func survey(in transaction: any Transaction) async throws -> ReportSurvey {
        try await known(in: transaction).survey
    }

    private func known(in transaction: any Transaction) async throws -> (report: KeptReport, survey: ReportSurvey) {
        if let kept { return kept }
        let report = try await KeptReport.find(id, in: transaction)
        var reading = Reading(reader: ReportReader(report.format, catalogue: catalogue))
        var headings: [Int: ReportHeading] = [:]
        var summary: ReportSummary?
        while summary == nil {
            var output = ReportOutput()
            summary = try await Self.read(report, &reading, into: &output, in: transaction)
            for line in output.lines { headings[line.heading.set] = line.heading }
        }
        let found = (report, ReportSurvey(summary: summary ?? ReportSummary(), headings: headings))
        kept = found
        return found
    }

    /// Reads the next piece of the file; the summary once there is none.
    private static func read(
        _ report: KeptReport, _ reading: inout Reading, into output: inout ReportOutput,
        in transaction: any Transaction
    ) async throws -> ReportSummary? {
        if reading.rest.isEmpty {
            guard let part = try await UploadBook.part(of: report.upload, after: reading.after, in: transaction) else {
                reading.isAtEnd = true
                return reading.reader.finish(into: &output)
            }
            reading.after = part.start
            reading.rest = part.content[...]
        }
        readPiece(&reading, into: &output)
        await Task.yield()
        return nil
    }

    private static func readPiece(_ reading: inout Reading, into output: inout ReportOutput) {
        let piece = reading.rest.prefix(pieceBytes)
        reading.rest = reading.rest.dropFirst(piece.count)
        reading.reader.read(piece, into: &output)
    }

    /// The entries behind the first `count` of the file, at most ``batch`` of them; fewer only at its end.
    func entries(after count: Int, in transaction: any Transaction) async throws -> [ReportEntry] {
        let (report, survey) = try await known(in: transaction)
        var reading = reading ?? Reading(reader: ReportReader(report.format, catalogue: catalogue))
        if count < position {
            reading = Reading(reader: ReportReader(report.format, catalogue: catalogue))
            (ready, position) = ([], 0)
        }
        // Until it is known where the reader stands, it stands nowhere: a transaction that fails begins again.
        self.reading = nil
        let maker = ReportEntryMaker(report, survey.summary)
        forget(before: count)
        while !reading.isAtEnd, position < count || ready.count < Self.batch {
            var output = ReportOutput()
            do {
                _ = try await Self.read(report, &reading, into: &output, in: transaction)
            } catch {
                (ready, position) = ([], 0)
                throw error
            }
            ready += maker.entries(output)
            forget(before: count)
        }
        self.reading = reading
        return Array(ready.prefix(Self.batch))
    }

    private func forget(before count: Int) {
        let passed = min(count - position, ready.count)
        ready.removeFirst(passed)
        position += passed
    }

    /// Reads on in what is in memory, while the entries that were handed out are written.
    func readAhead() async {
        guard var reading, let (report, survey) = kept else { return }
        self.reading = nil
        let maker = ReportEntryMaker(report, survey.summary)
        while ready.count < 2 * Self.batch, !reading.rest.isEmpty {
            var output = ReportOutput()
            Self.readPiece(&reading, into: &output)
            ready += maker.entries(output)
            await Task.yield()
        }
        self.reading = reading
    }
}
