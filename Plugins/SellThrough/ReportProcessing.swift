import Foundation
import HoldingTenant
import WorkflowKit

/// Reads a report, applies what it says chunk by chunk, and answers its sender.
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
        try await context.transaction("read") { transaction, _ in
            try await transaction.execute(
                SQLStatement(
                    "update sell_through.report set status = 'processing' where report_id = $1", name: "BeginReport",
                    .uuid(id)))
            var intake = ReportIntake(
                try await KeptReport.find(id, in: transaction), catalogue: catalogue, in: transaction)
            _ = try await intake.read()
        }
        var applied = 0
        var turn = 0
        while true {
            turn += 1
            let now = context.now
            let count = try await context.transaction("apply-\(turn)") { transaction, _ -> Int in
                var application = ReportApplication(
                    try await KeptReport.find(id, in: transaction), at: now, in: transaction)
                return try await application.applyNext()
            }
            applied += count
            if count < ReportApplication.batch { break }
        }
        let now = context.now
        let status = try await context.transaction("answer") { transaction, _ -> String in
            let closing = ReportClosing(
                report: try await KeptReport.find(id, in: transaction), catalogue: catalogue, now: now,
                transaction: transaction)
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
