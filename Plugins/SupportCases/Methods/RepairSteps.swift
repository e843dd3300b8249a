import Foundation
import HoldingTenant
import WorkflowKit

/// One step in the life of a case, whoever takes it.
struct RepairStep: Sendable {
    let caseId: String
    let step: RepairCase.Step
    let context: RPCContext
    let runs: any RunLauncher
    let periods: LifePeriods
    var detail = JSONObject()

    static let access = RPCAccess.kinds([.device, .partner, .customer, .support, .admin])
    static let errors = ["repair.notFound", "repair.conflict"]

    func take(
        _ more: @escaping @Sendable (KeptCase, any Transaction) async throws -> Void = { _, _ in }
    ) async throws -> RepairAnswer {
        let caller = try context.principal
        let (caseId, step, detail, now) = (caseId, step, detail, context.now)
        let answer = try await context.change("repair:\(caseId)") { transaction in
            try await transaction.withServerRights {
                guard var kept = try await RepairBook.locked(caseId, in: transaction), kept.isRead(by: caller) else {
                    throw RPCError.notFound("repair")
                }
                guard let actor = kept.actor(caller, step) else {
                    throw RPCError.forbidden("This step belongs to whoever handles the case.")
                }
                switch kept.life.take(step, by: actor) {
                case .failure(let refusal):
                    if case .notYours = refusal { throw RPCError.forbidden(refusal.message) }
                    throw RPCError.conflict("repair", refusal.message)
                case .success: break
                }
                try await more(kept, transaction)
                try await RepairBook.store(kept, step: step.rawValue, detail: detail, at: now, in: transaction)
                if kept.life.state == .resolved || kept.life.state.isFinal {
                    try await AlertBook.caseEnded(kept.alertID, at: now, in: transaction)
                }
                try await runs.watch(kept, periods, in: transaction)
                guard let answer = try await RepairBook.answer(kept.id, for: caller, in: transaction) else {
                    throw RPCError.notFound("repair")
                }
                return answer
            }
        }
        runs.transactionCommitted()
        return answer
    }
}

/// What every step of a case needs beside its request.
struct RepairSteps: Sendable {
    let runs: any RunLauncher
    let periods: LifePeriods

    func step(
        _ step: RepairCase.Step, _ caseId: String, _ context: RPCContext, _ detail: JSONObject = [:]
    ) -> RepairStep {
        RepairStep(caseId: caseId, step: step, context: context, runs: runs, periods: periods, detail: detail)
    }
}

/// The handler takes the case.
struct RepairAccept: RPCMethod {
    static let name = "repair.accept"
    static let summary = "The handler takes the case."
    static let access = RepairStep.access
    static let effect = RPCEffect.changes
    static let errors = RepairStep.errors

    let steps: RepairSteps

    func call(_ params: CaseReference, _ context: RPCContext) async throws -> RepairAnswer {
        try await steps.step(.accept, params.caseId, context).take()
    }
}

/// The handler says when the repair is.
struct RepairSchedule: RPCMethod {
    static let name = "repair.schedule"
    static let summary = "The handler says when the repair is; again to move it."
    static let access = RepairStep.access
    static let effect = RPCEffect.changes
    static let errors = RepairStep.errors

    let steps: RepairSteps

    struct Params: Codable, Sendable, JSONDescribed, NamesEntity {
        var caseId: String
        var entity: String { "repair:\(caseId)" }
        var at: Timestamp
        var until: Timestamp?

        static let schema = JSONSchema.object([
            .required("caseId", .uuid), .required("at", .timestamp), .optional("until", .timestamp),
        ])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> RepairAnswer {
        if let until = params.until, until < params.at {
            throw RPCError.invalidParam("until", "must not be before \"at\"")
        }
        var detail: JSONObject = ["at": .string(params.at.rfc3339())]
        if let until = params.until { detail["until"] = .string(until.rfc3339()) }
        return try await steps.step(.schedule, params.caseId, context, detail).take {
            kept, transaction in
            try await transaction.execute(
                SQLStatement(
                    """
                    update support_cases.repair_case set scheduled_at = $2, scheduled_until = $3 where case_id = $1
                    """, name: "ScheduleCase", .uuid(kept.id), .timestamp(params.at),
                    .timestamp(orNull: params.until)))
        }
    }
}

/// The repair begins.
struct RepairStart: RPCMethod {
    static let name = "repair.start"
    static let summary = "The repair begins."
    static let access = RepairStep.access
    static let effect = RPCEffect.changes
    static let errors = RepairStep.errors

    let steps: RepairSteps

    func call(_ params: CaseReference, _ context: RPCContext) async throws -> RepairAnswer {
        try await steps.step(.start, params.caseId, context).take()
    }
}

/// The PC is repaired.
struct RepairResolve: RPCMethod {
    static let name = "repair.resolve"
    static let summary = "The PC is repaired; the case closes after 14 days unless its submitter closes it first."
    static let access = RepairStep.access
    static let effect = RPCEffect.changes
    static let errors = RepairStep.errors

    let steps: RepairSteps

    struct Params: Codable, Sendable, JSONDescribed, NamesEntity {
        var caseId: String
        var entity: String { "repair:\(caseId)" }
        var code: String
        var notes: String

        static let schema = JSONSchema.object([
            .required("caseId", .uuid), .required("code", .string(1...100)), .required("notes", .string(1...4_000)),
        ])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> RepairAnswer {
        let detail: JSONObject = ["code": .string(params.code), "notes": .string(params.notes)]
        return try await steps.step(.resolve, params.caseId, context, detail).take()
    }
}

/// The handler will not repair the PC.
struct RepairReject: RPCMethod {
    static let name = "repair.reject"
    static let summary = "The handler refuses the case, with a reason."
    static let access = RepairStep.access
    static let effect = RPCEffect.changes
    static let errors = RepairStep.errors

    let steps: RepairSteps

    struct Params: Codable, Sendable, JSONDescribed, NamesEntity {
        var caseId: String
        var entity: String { "repair:\(caseId)" }
        var reason: String
        static let schema = JSONSchema.object([.required("caseId", .uuid), .required("reason", .string(1...4_000))])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> RepairAnswer {
        try await steps.step(.reject, params.caseId, context, ["reason": .string(params.reason)]).take()
    }
}

/// The case is no longer needed.
struct RepairCancel: RPCMethod {
    static let name = "repair.cancel"
    static let summary = "The handler ends a case that is no longer needed."
    static let access = RepairStep.access
    static let effect = RPCEffect.changes
    static let errors = RepairStep.errors

    let steps: RepairSteps

    func call(_ params: CaseReference, _ context: RPCContext) async throws -> RepairAnswer {
        try await steps.step(.cancel, params.caseId, context).take()
    }
}

/// The submitter is content.
struct RepairClose: RPCMethod {
    static let name = "repair.close"
    static let summary = "The submitter closes a resolved case."
    static let access = RepairStep.access
    static let effect = RPCEffect.changes
    static let errors = RepairStep.errors

    let steps: RepairSteps

    func call(_ params: CaseReference, _ context: RPCContext) async throws -> RepairAnswer {
        try await steps.step(.close, params.caseId, context).take()
    }
}
