import WorkflowEngine
import WorkflowKit

/// What a command made of a run.
struct RunStatusResult: Codable, Sendable, JSONDescribed {
    let status: RunStatus
    static let schema = JSONSchema.object([.required("status", .oneOf(RunStatus.allCases.map(\.rawValue)))])
}

/// Cancels a run: cleanup and compensations run first.
struct RunCancel: RPCMethod {
    static let name = "run.cancel"
    static let summary = "Cancels a run; its cleanup and compensations run first."
    static let access = RPCAccess.kinds([.admin])
    static let effect = RPCEffect.changes
    static let errors = ["run.notFound", "run.conflict"]

    let node: Node

    struct Params: Codable, Sendable, JSONDescribed {
        var runId: String
        var reason: String?
        static let schema = JSONSchema.object([.required("runId", .uuid), .optional("reason", .text)])
    }

    static func ordering(_ params: Params) -> RPCOrdering { .run(params.runId) }

    func call(_ params: Params, _ context: RPCContext) async throws -> RunStatusResult {
        try await node.obey(.cancel(reason: params.reason), params.runId, context)
    }
}

/// Pauses a run.
struct RunPause: RPCMethod {
    static let name = "run.pause"
    static let summary = "Pauses a run; what is being carried out is still recorded."
    static let access = RPCAccess.kinds([.admin])
    static let effect = RPCEffect.changes
    static let errors = ["run.notFound", "run.conflict"]

    let node: Node

    static func ordering(_ params: RunReference) -> RPCOrdering { .run(params.runId) }

    func call(_ params: RunReference, _ context: RPCContext) async throws -> RunStatusResult {
        try await node.obey(.pause, params.runId, context)
    }
}

/// Lets a paused run go on.
struct RunResume: RPCMethod {
    static let name = "run.resume"
    static let summary = "Lets a paused run go on."
    static let access = RPCAccess.kinds([.admin])
    static let effect = RPCEffect.changes
    static let errors = ["run.notFound", "run.conflict"]

    let node: Node

    static func ordering(_ params: RunReference) -> RPCOrdering { .run(params.runId) }

    func call(_ params: RunReference, _ context: RPCContext) async throws -> RunStatusResult {
        try await node.obey(.resume, params.runId, context)
    }
}

/// Lets a paused run try its failed step again.
struct RunRetry: RPCMethod {
    static let name = "run.retry"
    static let summary = "Lets a paused run try its failed step again."
    static let access = RPCAccess.kinds([.admin])
    static let effect = RPCEffect.changes
    static let errors = ["run.notFound", "run.conflict"]

    let node: Node

    static func ordering(_ params: RunReference) -> RPCOrdering { .run(params.runId) }

    func call(_ params: RunReference, _ context: RPCContext) async throws -> RunStatusResult {
        try await node.obey(.retry, params.runId, context)
    }
}

extension Node {
    fileprivate func obey(
        _ command: RunCommand, _ runId: String, _ context: RPCContext
    ) async throws -> RunStatusResult {
        let id = try RunID(checking: runId)
        if owns(id) {
            let audit = context.auditEntry("run:\(id)")
            return RunStatusResult(
                status: try await told { () throws(Refusal) in try await self.command(id, command, audit: audit) })
        }
        // Another node commits it; until then it lies in the run's inbox, beside its entry in the audit log.
        let status = try await told { () throws(Refusal) in try await view(id) }.status
        let result = try await context.change("run:\(id)") { [self] transaction in
            switch try await post(.command(command), to: id, in: transaction) {
            case .posted: return RunStatusResult(status: status)
            case .ended: throw RPCError(Refusal.runEnded)
            case .unknown: throw RPCError(Refusal.unknownRun)
            }
        }
        transactionCommitted()
        return result
    }
}
