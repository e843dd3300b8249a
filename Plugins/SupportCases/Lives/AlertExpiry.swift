import Foundation
import HoldingTenant
import WorkflowKit

/// Ends an alert that nobody did anything about for a month.
struct AlertExpiry: Workflow {
    struct Input: Codable, Sendable {
        var alertId: UUID
        var lastsMs: Int64
    }

    struct Output: Codable, Sendable {
        /// False if somebody acted, or the fault was gone, before.
        var isExpired: Bool
    }

    static let name = "support-cases.alert-expiry"
    static let summary = "Ends an alert that nobody did anything about for 30 days."
    /// Sent when the alert has ended in another way.
    static let ended = "ended"

    private struct Look: Codable, Sendable {
        var isExpired: Bool
        /// How much longer the alert lasts; nil when there is nothing left to wait for.
        var restMs: Int64?
    }

    func run(_ input: Input, _ context: WorkflowContext) async throws -> Output {
        var rest = input.lastsMs
        var turn = 0
        while true {
            turn += 1
            let ended = try await context.signal(Self.ended, as: Nothing.self, timeout: .milliseconds(rest))
            guard ended == nil else { return Output(isExpired: false) }
            let now = context.now
            let look = try await context.transaction("look-\(turn)") { transaction, _ -> Look in
                try await Self.look(input, at: now, in: transaction)
            }
            guard let more = look.restMs else { return Output(isExpired: look.isExpired) }
            rest = more
        }
    }

    private static func look(_ input: Input, at now: Timestamp, in transaction: any Transaction) async throws -> Look {
        let rows = try await transaction.query(
            SQLStatement(
                "select updated_at from support_cases.alert where alert_id = $1 for update", name: "AlertUpdatedAt",
                .uuid(input.alertId)))
        guard let row = rows.first else { return Look(isExpired: false, restMs: nil) }
        var alert = try await AlertBook.locked(input.alertId, catalogue: .shipped, in: transaction)
        // The fault was reported again, or somebody looked at it.
        let end = try row.timestamp("updated_at") + .milliseconds(input.lastsMs)
        if alert.life.state.isOpen, alert.life.state != .caseSubmitted, end > now {
            return Look(isExpired: false, restMs: max(1, (end - now).milliseconds))
        }
        guard alert.life.expire() == .store else { return Look(isExpired: false, restMs: nil) }
        _ = try await AlertBook.store(alert, at: now, in: transaction)
        return Look(isExpired: true, restMs: nil)
    }
}
