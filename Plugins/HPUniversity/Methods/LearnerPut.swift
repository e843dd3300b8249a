import HoldingTenant
import WorkflowKit

/// Links a learner's account to the partner that the learner works for.
struct LearnerPut: RPCMethod {
    static let name = "learner.put"
    static let summary = "Links a learner's account to a partner."
    static let access = RPCAccess.kinds([.admin, .university])
    static let effect = RPCEffect.changes
    static let errors = ["partner.notFound"]

    struct Params: Codable, Sendable, JSONDescribed {
        var learnerId: String
        var homePage: String
        var partnerId: String

        static let schema = JSONSchema.object([
            .required("learnerId", .string(1...200), "the name of the account, as in the actor of a statement"),
            .required("homePage", .string(1...500), "the learning system that the account belongs to"),
            .required("partnerId", .identifier),
        ])
    }

    struct Result: Codable, Sendable, JSONDescribed {
        var learnerId: String
        var homePage: String
        var partnerId: String

        static let schema = JSONSchema.object([
            .required("learnerId", .text), .required("homePage", .text), .required("partnerId", .identifier),
        ])
    }

    static func orderingKey(_ params: Params) -> String? { "learner:\(params.learnerId)" }

    func call(_ params: Params, _ context: RPCContext) async throws -> Result {
        let now = context.now
        return try await context.change("learner:\(params.learnerId)") { transaction in
            guard try await PartnerBook.profile(of: params.partnerId, in: transaction) != nil else {
                throw RPCError.notFound("partner")
            }
            try await transaction.execute(
                SQLStatement(
                    """
                    insert into university.learner (home_page, name, partner_id, linked_at)
                    values ($1, $2, $3, $4)
                    on conflict (home_page, name) do update
                    set partner_id = excluded.partner_id, linked_at = excluded.linked_at
                    """, name: "PutLearner", .text(params.homePage), .text(params.learnerId), .text(params.partnerId),
                    .timestamp(now)))
            return Result(learnerId: params.learnerId, homePage: params.homePage, partnerId: params.partnerId)
        }
    }
}
