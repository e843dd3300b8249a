import Foundation
import HoldingTenant
import WorkflowKit

/// Takes an xAPI statement or a signed message that says that somebody completed a course.
struct CourseComplete: RPCMethod {
    static let name = "course.complete"
    static let summary = "Takes a statement or a signed message about a completed course."
    static let access = RPCAccess.kinds([.university])
    static let effect = RPCEffect.changes
    static let errors = ["auth.failed", "statement.conflict"]

    let runs: any RunLauncher
    let catalogue: CourseCatalogue
    let secrets: [WebhookSecret]

    struct Webhook: Codable, Sendable {
        var id: String
        var timestamp: String
        var signature: String
        var body: String
    }

    struct Params: Codable, Sendable, JSONDescribed {
        var statement: JSON?
        var webhook: Webhook?

        static let schema = JSONSchema.object([
            .optional("statement", .any, "one xAPI 1.0.3 statement"),
            .optional(
                "webhook",
                .object([
                    .required("id", .string(1...256), "the header webhook-id"),
                    .required("timestamp", .string(1...20), "the header webhook-timestamp, as text"),
                    .required("signature", .string(1...4_096), "the header webhook-signature"),
                    .required("body", .string(1...1_000_000), "the exact text of the body"),
                ]), "a message signed by the rules of Standard Webhooks"),
        ])
    }

    struct Result: Codable, Sendable, JSONDescribed {
        enum Outcome: String, Codable, Sendable, CaseIterable { case accepted, replayed, ignored }

        var outcome: Outcome
        var reason: String?
        var partnerId: String?
        var track: String?
        /// The run that certifies the partner, if this completion was the last one missing.
        var runId: String?

        static let schema = JSONSchema.object([
            .required("outcome", .oneOf(Outcome.allCases.map(\.rawValue))), .optional("reason", .text),
            .optional("partnerId", .identifier), .optional("track", .identifier), .optional("runId", .uuid),
        ])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> Result {
        switch (params.statement, params.webhook) {
        case (let statement?, nil):
            let event = try Self.told { () throws(JSONFieldErrors) in
                .statement(try XAPIStatement(statement, path: .member(.root, "statement")))
            }
            return try await take(event, message: nil, context)
        case (nil, let webhook?):
            let signed = SignedMessage(
                id: webhook.id, timestamp: webhook.timestamp, signature: webhook.signature, body: webhook.body)
            guard case .success = StandardWebhook.verify(signed, secrets: secrets, now: context.now) else {
                throw RPCError.authenticationFailed("The message is not signed with a secret of this server.")
            }
            let event = try Self.told { () throws(JSONFieldErrors) in try CourseEvent(body: webhook.body) }
            return try await take(event, message: signed, context)
        default:
            throw RPCError.invalidParams([
                JSONFieldError(path: "statement", message: "give either a statement or a webhook"),
                JSONFieldError(path: "webhook", message: "give either a statement or a webhook"),
            ])
        }
    }

    /// Every fault of a message with its path.
    private static func told(
        _ read: () throws(JSONFieldErrors) -> CourseEvent
    ) throws(RPCError) -> CourseEvent {
        do throws(JSONFieldErrors) { return try read() } catch { throw .invalidParams(error.fields) }
    }

    private func take(
        _ event: CourseEvent, message: SignedMessage?, _ context: RPCContext
    ) async throws -> Result {
        let intake = CourseIntake(event: event, message: message, catalogue: catalogue, runs: runs, now: context.now)
        let result = try await context.change(intake.entity) { transaction in
            try await intake.take(in: transaction)
        }
        if result.runId != nil { runs.transactionCommitted() }
        return result
    }
}
