import WorkflowCore
import WorkflowEngine
import WorkflowKit

/// A run as callers see it.
struct RunDocument: Codable, Sendable, JSONDescribed {
    struct Failed: Codable, Sendable {
        let type: String
        let message: String
    }

    let runId: String
    let workflow: String
    let version: Int
    let status: RunStatus
    var input: JSON?
    var output: JSON?
    var error: Failed?
    var attempts: Int
    let createdAt: Timestamp
    var startedAt: Timestamp?
    var finishedAt: Timestamp?
    var waitingFor: String?
    var parentRunId: String?
    var key: String?
    var node: String?

    init(_ view: RunView, attempts: Int32 = 1, node: String? = nil) {
        runId = view.id.description
        workflow = view.workflow
        version = Int(view.version)
        status = view.status
        input = view.input.flatMap { try? JSON(parsing: $0) }
        switch view.outcome {
        case .completed(let json): output = try? JSON(parsing: json)
        case .failed(let failure): error = Failed(type: failure.type, message: failure.message)
        case .cancelled(let reason): error = Failed(type: "cancelled", message: reason ?? "somebody cancelled it")
        case nil:
            if view.status == .paused || view.status == .quarantined, let reason = view.reason {
                let parts = reason.split(separator: ":", maxSplits: 1)
                error = Failed(
                    type: String(parts[0]),
                    message: parts.count > 1 ? String(parts[1].drop { $0 == " " }) : reason)
            }
        }
        self.attempts = Int(attempts)
        createdAt = view.id.createdAt
        startedAt = view.startedAt
        finishedAt = view.finishedAt
        waitingFor = view.status == .waiting ? view.reason : nil
        parentRunId = view.parent?.description
        key = view.key
        self.node = node
    }

    static let schema = JSONSchema.object([
        .required("runId", .uuid), .required("workflow", .text), .required("version", .integer),
        .required("status", .oneOf(RunStatus.allCases.map(\.rawValue))), .optional("input", .any),
        .optional("output", .any),
        .optional("error", .object([.required("type", .text), .required("message", .text)])),
        .required("attempts", .integer, "of the step that is under way"), .required("createdAt", .timestamp),
        .optional("startedAt", .timestamp), .optional("finishedAt", .timestamp),
        .optional("waitingFor", .text), .optional("parentRunId", .uuid), .optional("key", .text),
        .optional("node", .text, "who has it in memory"),
    ])
}

/// One run.
struct RunGet: RPCMethod {
    static let name = "run.get"
    static let summary = "One run."
    static let access = RPCAccess.kinds([.admin])
    static let effect = RPCEffect.reads
    static let errors = ["run.notFound"]

    let node: Node

    typealias Params = RunReference

    static func ordering(_ params: Params) -> RPCOrdering { .run(params.runId) }

    func call(_ params: Params, _ context: RPCContext) async throws -> RunDocument {
        let id = try params.id
        return try await told { () throws(Refusal) in try await node.document(id) }
    }
}

/// Waits until a run has ended.
struct RunWait: RPCMethod {
    static let name = "run.wait"
    static let summary = "Waits until a run has ended, and answers like run.get."
    static let access = RPCAccess.kinds([.admin])
    static let effect = RPCEffect.reads
    static let errors = ["run.notFound", "deadline.exceeded"]

    let node: Node

    struct Params: Codable, Sendable, JSONDescribed {
        var runId: String
        var timeoutMs: Int
        static let schema = JSONSchema.object([
            .required("runId", .uuid), .required("timeoutMs", .integer(0...300_000)),
        ])
    }

    /// What is sent behind it, perhaps to end the run, does not wait for it.
    static func ordering(_ params: Params) -> RPCOrdering { .free }

    func call(_ params: Params, _ context: RPCContext) async throws -> RunDocument {
        let id = try RunID(checking: params.runId)
        let view = try await told { () throws(Refusal) in
            try await node.wait(id, timeout: .milliseconds(params.timeoutMs))
        }
        guard let view else { throw RPCError.deadlineExceeded("The run has not ended yet.") }
        return try await told { () throws(Refusal) in try await node.document(view.id) }
    }
}

extension Node {
    /// The run with what only its owner's memory knows.
    func document(_ id: RunID) async throws(Refusal) -> RunDocument {
        let view = try await view(id)
        let inspection = view.status.isEnd ? nil : await inspect(id)
        return RunDocument(
            view, attempts: inspection?.attempts ?? 1, node: inspection == nil ? nil : settings.name)
    }
}
