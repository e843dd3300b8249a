package import WorkflowEngine
package import WorkflowKit

/// The methods with which administrators see and steer runs.
package enum EngineMethods {
    package static func all(_ node: Node) -> [AnyRPCMethod] {
        [
            AnyRPCMethod(WorkflowList(node: node)), AnyRPCMethod(RunStart(node: node)),
            AnyRPCMethod(RunStartMany(node: node)), AnyRPCMethod(RunGet(node: node)),
            AnyRPCMethod(RunWait(node: node)), AnyRPCMethod(RunList(node: node)), AnyRPCMethod(RunHistory(node: node)),
            AnyRPCMethod(RunSignal(node: node)), AnyRPCMethod(RunCancel(node: node)),
            AnyRPCMethod(RunPause(node: node)),
            AnyRPCMethod(RunResume(node: node)), AnyRPCMethod(RunRetry(node: node)), AnyRPCMethod(RunFork(node: node)),
            AnyRPCMethod(RunExplain(node: node)),
        ]
    }
}

extension RPCError {
    /// What a caller is told when the engine did not do what it was asked.
    init(_ refusal: Refusal) {
        switch refusal {
        case .unknownRun: self = .notFound("run")
        case .runEnded: self = .conflict("run", "The run has ended.")
        case .unavailable: self = .unavailable("The database is away or the node is stopping; nothing was applied.")
        case .outcomeUnknown:
            self.init(
                .outcomeUnknown, type: "outcome.unknown",
                "The connection to the database was lost while committing; repeat with the same idempotency key.")
        case .conflict(let reason): self = .conflict("run", "That cannot be done: \(reason).")
        }
    }
}

/// Runs `body` and tells its refusal the way callers are told.
func told<Value>(_ body: () async throws(Refusal) -> Value) async throws(RPCError) -> Value {
    do {
        return try await body()
    } catch {
        throw RPCError(error)
    }
}

/// Names one run in parameters.
struct RunReference: Codable, Sendable, JSONDescribed {
    var runId: String

    static let schema = JSONSchema.object([.required("runId", .uuid)])

    var id: RunID {
        get throws(RPCError) { try RunID(checking: runId) }
    }
}

extension RPCOrdering {
    static func run(_ id: String) -> RPCOrdering { .entity(name: "run", id: id.lowercased()) }

    /// A run by its business key, which may be one that another request names by its id.
    static func run(workflow: String, key: String) -> RPCOrdering { .entity(name: "runKey", id: "\(workflow)/\(key)") }
}

extension RunID {
    init(checking text: String, path: String = "runId") throws(RPCError) {
        guard let id = RunID(text) else { throw .invalidParam(path, "must be a UUID") }
        self = id
    }
}
