import WorkflowEngine
import WorkflowKit

/// What may be told when a run is started.
struct RunRequest: Codable, Sendable, JSONDescribed {
    var workflow: String
    var input: JSON
    var key: String?
    var queue: String?
    var priority: Int?
    var startAt: Timestamp?
    var deadlineMs: Int?

    static let members: [JSONSchema.Member] = [
        .required("workflow", .identifier), .required("input", .any, "as the workflow's schema has it"),
        .optional("key", .string(1...256), "one open run per workflow and key"),
        .optional("queue", .identifier), .optional("priority", .integer(0...9), "0 is the highest; 5 if absent"),
        .optional("startAt", .timestamp), .optional("deadlineMs", .milliseconds, "counted from now"),
    ]
    static let schema = JSONSchema.object(members)

    /// - Parameter path: Where the request lies in the parameters: `runs[3].`, or nothing.
    func specification(_ node: Node, path: String = "") throws(RPCError) -> RunSpecification {
        guard let type = node.registry.newest(workflow) else { throw .notFound("workflow") }
        let errors = type.check(input).map { error in
            JSONFieldError(
                path: error.path.isEmpty ? "\(path)input" : "\(path)input.\(error.path)", message: error.message)
        }
        guard errors.isEmpty else { throw .invalidParams(errors) }
        var specification = RunSpecification(workflow: workflow, input: input.bytes)
        specification.key = key
        specification.queue = queue
        if let priority { specification.priority = Int16(priority) }
        specification.startAt = startAt
        specification.deadline = deadlineMs.map { .milliseconds($0) }
        return specification
    }
}

struct RunStarted: Codable, Sendable, JSONDescribed {
    let runId: String
    let created: Bool

    init(_ started: Started) {
        runId = started.run.description
        created = started.isNew
    }

    static let schema = JSONSchema.object([
        .required("runId", .uuid), .required("created", .boolean, "false when an open run has the key"),
    ])
}

/// Starts a run.
struct RunStart: RPCMethod {
    static let name = "run.start"
    static let summary = "Starts a run; answers once it is durable."
    static let access = RPCAccess.kinds([.admin])
    static let effect = RPCEffect.changes
    static let errors = ["workflow.notFound"]

    let node: Node

    typealias Params = RunRequest

    static func ordering(_ params: Params) -> RPCOrdering {
        params.key.map { .run(workflow: params.workflow, key: $0) } ?? .free
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> RunStarted {
        var specification = try params.specification(node)
        guard context.idempotencyKey != nil else {
            specification.audit = context.auditEntry("run")
            return RunStarted(
                try await told { [specification] () throws(Refusal) in try await node.start(specification) })
        }
        // With a key, the run and the answer kept for the key are committed together.
        let started = try await context.change("run:\(params.workflow)") { [node, specification] transaction in
            RunStarted(try await node.startTold([specification], in: transaction)[0])
        }
        node.transactionCommitted()
        return started
    }
}

/// Starts up to a thousand runs, all or none.
struct RunStartMany: RPCMethod {
    static let name = "run.startMany"
    static let summary = "Starts up to 1,000 runs, all or none."
    static let access = RPCAccess.kinds([.admin])
    static let effect = RPCEffect.changes
    static let errors = ["workflow.notFound"]

    let node: Node

    struct Params: Codable, Sendable, JSONDescribed {
        var runs: [RunRequest]
        static let schema = JSONSchema.object([.required("runs", .array(of: RunRequest.schema, count: 1...1_000))])
    }

    static func ordering(_ params: Params) -> RPCOrdering {
        params.runs.contains { $0.key != nil } ? .everything : .free
    }

    struct Result: Codable, Sendable, JSONDescribed {
        let items: [RunStarted]
        static let schema = JSONSchema.object([.required("items", .array(of: RunStarted.schema))])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> Result {
        var specifications = try self.specifications(params.runs)
        guard context.idempotencyKey != nil else {
            for index in specifications.indices { specifications[index].audit = context.auditEntry("run") }
            let started = try await told { [specifications] () throws(Refusal) in
                try await node.startMany(specifications)
            }
            return Result(items: started.map(RunStarted.init))
        }
        let result = try await context.change("run:many") { [node, specifications] transaction in
            Result(items: try await node.startTold(specifications, in: transaction).map(RunStarted.init))
        }
        node.transactionCommitted()
        return result
    }

    /// All of them, or everything that is wrong with any of them.
    private func specifications(_ runs: [RunRequest]) throws(RPCError) -> [RunSpecification] {
        var specifications: [RunSpecification] = []
        var fields: [JSONFieldError] = []
        for (index, run) in runs.enumerated() {
            do {
                specifications.append(try run.specification(node, path: "runs[\(index)]."))
            } catch {
                guard error.code == .invalidParams else { throw error }
                fields += error.fields
            }
        }
        guard fields.isEmpty else { throw .invalidParams(fields) }
        return specifications
    }
}

extension Node {
    /// ``start(_:in:)``, with refusals as callers are told them.
    fileprivate func startTold(
        _ specifications: [RunSpecification], in transaction: any Transaction
    ) async throws -> [Started] {
        do {
            return try await start(specifications, in: transaction)
        } catch let refusal as Refusal {
            throw RPCError(refusal)
        }
    }
}
