import Foundation
import WorkflowKit

/// Closes a resolved case after its time, unless its submitter closed it first.
struct CaseClosing: Workflow {
    struct Input: Codable, Sendable {
        var caseId: UUID
    }

    struct Output: Codable, Sendable {
        var isClosed: Bool
    }

    static let name = "support-cases.closing"
    static let summary = "Closes a resolved repair case after 14 days."

    func run(_ input: Input, _ context: WorkflowContext) async throws -> Output {
        try await context.sleep(for: RepairCase.closesAfter)
        let now = context.now
        let isClosed = try await context.transaction("close") { transaction, _ -> Bool in
            guard var kept = try await RepairBook.locked(input.caseId.uuidString, in: transaction),
                case .success = kept.life.take(.close, by: .server)
            else { return false }
            try await RepairBook.store(kept, step: "close", at: now, in: transaction)
            return true
        }
        return Output(isClosed: isClosed)
    }
}
