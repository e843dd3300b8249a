import WorkflowCore
import WorkflowEngine
import WorkflowKit

/// Starts a new run that keeps the results of another one before a step.
struct RunFork: RPCMethod {
    static let name = "run.fork"
    static let summary = "Starts a new run that keeps another one's results before a step."
    static let access = RPCAccess.kinds([.admin])
    static let effect = RPCEffect.changes
    static let errors = ["run.notFound", "run.precondition"]

    let node: Node

    struct Params: Codable, Sendable, JSONDescribed {
        var runId: String
        var fromStep: JSON
        var input: JSON?

        static let schema = JSONSchema.object([
            .required("runId", .uuid),
            .required("fromStep", .anyOf([.identifier, .integer(0...Int(Int32.max))]), "its name or its seq"),
            .optional("input", .any),
        ])
    }

    struct Result: Codable, Sendable, JSONDescribed {
        let runId: String
        static let schema = JSONSchema.object([.required("runId", .uuid)])
    }

    static func ordering(_ params: Params) -> RPCOrdering { .run(params.runId) }

    func call(_ params: Params, _ context: RPCContext) async throws -> Result {
        let source = try RunID(checking: params.runId)
        let entries = try await told { () throws(Refusal) in
            try await node.history(source, after: nil, limit: Int(Int32.max))
        }
        let seq = try Self.seq(of: params.fromStep, in: entries)
        if let input = params.input, case .started(let record)? = entries.first?.fact,
            let errors = node.registry.type(record.workflow, version: record.version)?.check(input), !errors.isEmpty
        {
            throw RPCError.invalidParams(
                errors.map {
                    JSONFieldError(path: $0.path.isEmpty ? "input" : "input.\($0.path)", message: $0.message)
                })
        }
        let started = try await told { () throws(Refusal) in
            try await node.fork(source, before: seq, input: params.input?.bytes, audit: context.auditEntry("run"))
        }
        return Result(runId: started.run.description)
    }

    private static func seq(of step: JSON, in entries: [JournalEntry]) throws(RPCError) -> Int32 {
        if let number = step.intValue {
            guard entries.contains(where: { $0.seq == Int32(clamping: number) }) else {
                throw .precondition("run", "The run's history has no entry \(number).")
            }
            return Int32(clamping: number)
        }
        let found = entries.first { entry in
            switch entry.fact {
            case .stepEnded(let record): record.name == step.stringValue
            case .attemptFailed(let record): record.name == step.stringValue
            default: false
            }
        }
        guard let found else { throw .precondition("run", "The run's history has no such step.") }
        return found.seq
    }
}
