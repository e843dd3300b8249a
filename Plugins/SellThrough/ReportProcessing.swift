import Foundation
import HoldingTenant
import WorkflowKit

/// Reads a report, applies what it says batch by batch, and answers its sender.
struct ReportProcessing: Workflow {
    struct Input: Codable, Sendable {
        var reportId: UUID
        /// Care packs as the configuration had them when the report came: part number to tier, or to null.
        var carePacks: [String: String?]
    }

    struct Output: Codable, Sendable {
        var status: String
        /// How many serial numbers were applied or kept aside.
        var applied: Int
    }

    static let name = "sell-through.report"
    static let summary = "Reads a sell-through report, transfers the PCs, and answers its sender."

    func run(_ input: Input, _ context: WorkflowContext) async throws -> Output {
        let catalogue = CarePackCatalogue(recorded: input.carePacks)
        let id = input.reportId
        let feed = ReportFeed(id, catalogue: catalogue)
        try await context.transaction("read") { transaction, _ in
            let summary = try await feed.survey(in: transaction).summary
            try await transaction.execute(
                SQLStatement(
                    """
                    update sell_through.report
                    set status = 'processing', lines = $2, devices = $3, is_test = $4
                    where report_id = $1
                    """, name: "BeginReport", .uuid(id), .int4(summary.lines.int32), .int4(summary.devices.int32),
                    .bool(summary.isTest)))
        }
        var entries = 0
        var applied = 0
        var turn = 0
        while true {
            turn += 1
            let (now, written) = (context.now, entries)
            let progress = try await context.transaction(
                "apply-\(turn)"
            ) { transaction, _ -> ReportApplication.Progress in
                let next = try await feed.entries(after: written, in: transaction)
                async let ahead: Void = feed.readAhead()
                var application = ReportApplication(try await feed.report(in: transaction), at: now, in: transaction)
                let progress = try await application.apply(next, after: written)
                await ahead
                return progress
            }
            entries += progress.entries
            applied += progress.applied
            if progress.entries < ReportFeed.batch { break }
        }
        let now = context.now
        let status = try await context.transaction("answer") { transaction, _ -> String in
            let closing = ReportClosing(
                report: try await feed.report(in: transaction), survey: try await feed.survey(in: transaction),
                now: now, transaction: transaction)
            return try await closing.close()
        }
        return Output(status: status, applied: applied)
    }
}

extension CarePackCatalogue {
    /// As it stands in the input of a run.
    init(recorded: [String: String?]) {
        var tiers: [CarePackPart: Tier?] = [:]
        for (part, tier) in recorded {
            guard let part = CarePackPart(part) else { continue }
            tiers[part] = .some(tier.flatMap(Tier.init(rawValue:)))
        }
        self.init(tiers: tiers)
    }

    var recorded: [String: String?] {
        Dictionary(uniqueKeysWithValues: tiers.map { ($0.key.text, $0.value?.rawValue) })
    }
}
