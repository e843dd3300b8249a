import Foundation
import WorkflowKit

/// Reminds of an invitation that the customer has not accepted, and ends it.
///
/// The customer has no session before it accepts, so the partner is told: what waits for the acceptance is the
/// partner's work.
struct InvitationLife: Workflow {
    struct Input: Codable, Sendable {
        var customerId: UUID
        var remindersMs: [Int64]
        var lastsMs: Int64
    }

    struct Output: Codable, Sendable {
        /// `accepted` or `expired`.
        var outcome: String
    }

    static let name = "holding-tenant.invitation"
    static let summary = "Reminds a partner of an invitation that its customer has not accepted, and ends it."

    /// Tells the run what became of the invitation.
    enum News: String, Codable, Sendable {
        static let signal = "news"
        case accepted
        /// A new invitation was sent: the time begins again.
        case sentAgain = "sent-again"
    }

    func run(_ input: Input, _ context: WorkflowContext) async throws -> Output {
        while true {
            switch try await watch(input, context) {
            case .accepted: return Output(outcome: "accepted")
            case .sentAgain: continue
            case nil: return Output(outcome: "expired")
            }
        }
    }

    /// Watches over one invitation; nil when nobody accepted it.
    private func watch(_ input: Input, _ context: WorkflowContext) async throws -> News? {
        let sentAt = context.now
        let expiresAt = sentAt + .milliseconds(input.lastsMs)
        for (index, reminder) in input.remindersMs.enumerated() {
            if let news = try await Self.wait(until: sentAt + .milliseconds(reminder), context) { return news }
            let now = context.now
            try await context.transaction("remind-\(index + 1)") { transaction, _ in
                try await Self.tell(
                    "customer.reminded", of: input.customerId, ["expiresAt": .string(expiresAt.rfc3339())], at: now,
                    in: transaction)
            }
        }
        if let news = try await Self.wait(until: expiresAt, context) { return news }
        let now = context.now
        let isEnded = try await context.transaction("expire") { transaction, _ -> Bool in
            let count = try await transaction.execute(
                SQLStatement(
                    """
                    update holding.customer
                    set invitation_ended_at = $2
                    where customer_id = $1 and status = 'invited' and invitation_ended_at is null
                    """, name: "EndInvitation", .uuid(input.customerId), .timestamp(now)))
            guard count > 0 else { return false }
            try await Self.tell("customer.invitationExpired", of: input.customerId, [:], at: now, in: transaction)
            return true
        }
        return isEnded ? nil : .accepted
    }

    private static func wait(until time: Timestamp, _ context: WorkflowContext) async throws -> News? {
        try await context.signal(News.signal, as: News.self, timeout: max(.zero, time - context.now))
    }

    private static func tell(
        _ event: String, of customer: UUID, _ more: JSONObject, at now: Timestamp, in transaction: any Transaction
    ) async throws {
        guard let kept = try await CustomerBook.find(customer, in: transaction), kept.access.status == .invited else {
            return
        }
        let access = CustomerAccess(status: .invited, acceptedAt: nil, invitedAt: now)
        var data: JSONObject = [
            "customerId": .string(CustomerID(customer).text), "name": .string(kept.name),
            "blocked": .array(access.blocked.map { .string($0.rawValue) }),
        ]
        for member in more { data[member.key] = member.value }
        try await transaction.emit(Event(event, to: [.partner(kept.partner)], at: now, data: data))
    }
}

extension RunLauncher {
    /// Watches over an invitation that was just sent, or sent again.
    func watchInvitation(
        of customer: UUID, _ periods: InvitationPeriods, in transaction: any Transaction
    ) async throws {
        if try await tellInvitation(of: customer, .sentAgain, in: transaction) { return }
        _ = try await start(
            InvitationLife.self,
            InvitationLife.Input(
                customerId: customer, remindersMs: periods.reminders.map(\.milliseconds),
                lastsMs: periods.lasts.milliseconds), key: CustomerID(customer).text, in: transaction)
    }

    /// False when nobody watches over it any more.
    @discardableResult
    func tellInvitation(
        of customer: UUID, _ news: InvitationLife.News, in transaction: any Transaction
    ) async throws -> Bool {
        try await signal(
            workflow: InvitationLife.name, key: CustomerID(customer).text, name: InvitationLife.News.signal, news,
            in: transaction)
    }
}
