import WorkflowCore
import WorkflowEngine
import WorkflowKit

/// Sends a signal to a run.
struct RunSignal: RPCMethod {
    static let name = "run.signal"
    static let summary = "Sends a signal to a run; it is kept until the run waits for it."
    static let access = RPCAccess.kinds([.admin])
    static let effect = RPCEffect.changes
    static let errors = ["run.notFound", "run.conflict"]

    let node: Node

    struct Params: Codable, Sendable, JSONDescribed {
        var runId: String?
        var workflow: String?
        var key: String?
        var name: String
        var payload: JSON?

        static let schema = JSONSchema.object([
            .optional("runId", .uuid, "or workflow and key"), .optional("workflow", .identifier),
            .optional("key", .string(1...256)), .required("name", .identifier), .optional("payload", .any),
        ])
    }

    struct Result: Codable, Sendable, JSONDescribed {
        let accepted: Bool
        static let schema = JSONSchema.object([.required("accepted", .boolean)])
    }

    static func ordering(_ params: Params) -> RPCOrdering {
        if let runId = params.runId { return .run(runId) }
        guard let workflow = params.workflow, let key = params.key else { return .free }
        return .run(workflow: workflow, key: key)
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> Result {
        let run = try await target(params)
        let payload = (params.payload ?? .null).bytes
        guard context.idempotencyKey != nil || !node.owns(run) else {
            let audit = context.auditEntry("run:\(run)")
            try await told { () throws(Refusal) in
                try await node.signal(run, name: params.name, payload: payload, audit: audit)
            }
            return Result(accepted: true)
        }
        let record = SignalRecord(name: params.name, id: node.newSignalID(run), payload: payload)
        let result = try await context.change("run:\(run)") { [node] transaction in
            switch try await node.post(.signal(record), to: run, in: transaction) {
            case .posted: return Result(accepted: true)
            case .ended: throw RPCError(Refusal.runEnded)
            case .unknown: throw RPCError(Refusal.unknownRun)
            }
        }
        // Before the answer, so that a signal sent after it cannot overtake this one.
        await node.readInbox(of: run)
        node.transactionCommitted()
        return result
    }

    private func target(_ params: Params) async throws -> RunID {
        switch (params.runId, params.workflow, params.key) {
        case (let runId?, nil, nil):
            return try RunID(checking: runId)
        case (nil, let workflow?, let key?):
            let run = try await told { () throws(Refusal) in try await node.openRun(workflow: workflow, key: key) }
            guard let run else { throw RPCError.notFound("run") }
            return run
        default:
            throw RPCError.invalidParam("runId", "is required, unless workflow and key are given instead of it")
        }
    }
}
