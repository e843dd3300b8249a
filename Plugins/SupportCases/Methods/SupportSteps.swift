import Foundation
import HoldingTenant
import WorkflowKit

/// What every step of a request does beside its own: who may take it, in which order, and who hears of it.
struct SupportSteps: Sendable {
    let runs: any RunLauncher
    let periods: LifePeriods

    static let errors = ["support.notFound", "support.conflict"]

    func take(
        _ step: SupportRequest.Step, of requestId: String, _ context: RPCContext,
        _ more: @escaping @Sendable (KeptRequest, any Transaction) async throws -> Void = { _, _ in }
    ) async throws -> SupportAnswer {
        let caller = try context.principal
        let reader = try SupportReader(context)
        let now = context.now
        let answer = try await context.change("support:\(requestId)") { transaction in
            try await transaction.withServerRights {
                guard var request = try await SupportBook.locked(requestId, in: transaction),
                    caller.kind == .support || request.opener == caller.qualifiedID
                else { throw RPCError.notFound("support") }
                switch request.life.take(step, by: caller.kind == .support ? .support : .opener) {
                case .failure(.notYours): throw RPCError.forbidden("This step belongs to the other side.")
                case .failure(.outOfOrder(let state)):
                    throw RPCError.conflict("support", "The request is \(state.rawValue).")
                case .success: break
                }
                try await more(request, transaction)
                try await SupportBook.store(request, step: step.rawValue, at: now, in: transaction)
                try await runs.watch(request, periods, in: transaction)
                guard let answer = try await reader.answer(request.id, in: transaction) else {
                    throw RPCError.notFound("support")
                }
                return answer
            }
        }
        runs.transactionCommitted()
        return answer
    }
}

/// The support team asks the opener.
struct SupportRequestInfo: RPCMethod {
    static let name = "support.requestInfo"
    static let summary = "The support team asks for more information."
    static let access = RPCAccess.kinds([.support])
    static let effect = RPCEffect.changes
    static let errors = SupportSteps.errors

    let steps: SupportSteps

    struct Params: Codable, Sendable, JSONDescribed, NamesEntity {
        var requestId: String
        var message: String
        var entity: String { "support:\(requestId)" }

        static let schema = JSONSchema.object([
            .required("requestId", .uuid), .required("message", .string(1...4_000)),
        ])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> SupportAnswer {
        let now = context.now
        return try await steps.take(.requestInfo, of: params.requestId, context) { request, transaction in
            try await SupportBook.say(params.message, as: "support", in: request.id, at: now, transaction: transaction)
        }
    }
}

/// The opener answers, perhaps with a list of serial numbers.
struct SupportReply: RPCMethod {
    static let name = "support.reply"
    static let summary = "The opener answers; listed PCs are looked up at once."
    static let access = RPCAccess.kinds([.partner, .customer])
    static let effect = RPCEffect.changes
    static let errors = SupportSteps.errors

    let steps: SupportSteps

    struct Params: Codable, Sendable, JSONDescribed, NamesEntity {
        var requestId: String
        var message: String?
        var serials: [String]?
        var entity: String { "support:\(requestId)" }

        static let schema = JSONSchema.object([
            .required("requestId", .uuid), .optional("message", .string(1...4_000)),
            .optional("serials", .array(of: .string(1...128), count: 0...SupportBook.serialsMax)),
        ])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> SupportAnswer {
        let now = context.now
        return try await steps.take(.reply, of: params.requestId, context) { request, transaction in
            try await SupportBook.say(params.message, as: "opener", in: request.id, at: now, transaction: transaction)
            try await SupportBook.add(params.serials ?? [], to: request, at: now, in: transaction)
        }
    }
}

/// The support team has an answer.
struct SupportResolve: RPCMethod {
    static let name = "support.resolve"
    static let summary = "The support team resolves the request, perhaps with outcomes of serial numbers."
    static let access = RPCAccess.kinds([.support])
    static let effect = RPCEffect.changes
    static let errors = SupportSteps.errors

    let steps: SupportSteps

    struct Decided: Codable, Sendable {
        var serial: String
        var outcome: String
    }

    struct Params: Codable, Sendable, JSONDescribed, NamesEntity {
        var requestId: String
        var resolution: String
        var outcomes: [Decided]?
        var entity: String { "support:\(requestId)" }

        static let schema = JSONSchema.object([
            .required("requestId", .uuid), .required("resolution", .string(1...4_000)),
            .optional(
                "outcomes",
                .array(
                    of: .object([
                        .required("serial", .string(1...128)),
                        // What only operators may know is told as "under-review".
                        .required(
                            "outcome",
                            .oneOf(
                                TraceOutcome.allCases.filter { $0 != .reportedForOtherPartner }.map(\.rawValue))),
                    ]), count: 0...SupportBook.serialsMax)),
        ])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> SupportAnswer {
        let decided = (params.outcomes ?? []).map { entry in
            ((try? SerialNumber.read(entry.serial).get().text) ?? entry.serial, entry.outcome)
        }
        guard Set(decided.map(\.0)).count == decided.count else {
            throw RPCError.invalidParam("outcomes", "must name each serial number once")
        }
        return try await steps.take(.resolve, of: params.requestId, context) { request, transaction in
            let changed = try await transaction.execute(
                SQLStatement(
                    """
                    update support_cases.request_serial
                    set outcome = decided.outcome
                    from unnest($2::text[], $3::text[]) as decided (serial, outcome)
                    where request_id = $1 and request_serial.serial = decided.serial
                    """, name: "DecideSerials", .uuid(request.id), .textArray(decided.map(\.0)),
                    .textArray(decided.map(\.1))))
            guard changed == decided.count else {
                throw RPCError.invalidParam("outcomes", "must name serial numbers of the request only")
            }
            try await transaction.execute(
                SQLStatement(
                    "update support_cases.request set resolution = $2 where request_id = $1", name: "ResolveRequest",
                    .uuid(request.id), .text(params.resolution)))
        }
    }
}

/// The opener is content.
struct SupportClose: RPCMethod {
    static let name = "support.close"
    static let summary = "The opener closes a resolved request."
    static let access = RPCAccess.kinds([.partner, .customer])
    static let effect = RPCEffect.changes
    static let errors = SupportSteps.errors

    let steps: SupportSteps

    func call(_ params: RequestReference, _ context: RPCContext) async throws -> SupportAnswer {
        try await steps.take(.close, of: params.requestId, context)
    }
}

/// The opener is not content.
struct SupportReopen: RPCMethod {
    static let name = "support.reopen"
    static let summary = "The opener opens a resolved request again."
    static let access = RPCAccess.kinds([.partner, .customer])
    static let effect = RPCEffect.changes
    static let errors = SupportSteps.errors

    let steps: SupportSteps

    func call(_ params: RequestReference, _ context: RPCContext) async throws -> SupportAnswer {
        try await steps.take(.reopen, of: params.requestId, context)
    }
}
