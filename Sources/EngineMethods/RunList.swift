import WorkflowCore
import WorkflowEngine
import WorkflowKit

/// Runs, newest first.
struct RunList: RPCMethod {
    static let name = "run.list"
    static let summary = "Runs, newest first."
    static let access = RPCAccess.kinds([.admin])
    static let effect = RPCEffect.reads

    let node: Node

    struct Params: Codable, Sendable, JSONDescribed {
        var workflow: String?
        var status: RunStatus?
        var key: String?
        var createdAfter: Timestamp?
        var createdBefore: Timestamp?
        var limit: Int?
        var cursor: String?

        static let schema = JSONSchema.object(
            [
                .optional("workflow", .identifier),
                .optional("status", .oneOf(RunStatus.allCases.map(\.rawValue))),
                .optional("key", .string(1...256)), .optional("createdAfter", .timestamp),
                .optional("createdBefore", .timestamp),
            ] + PageParams.members)
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> Page<RunDocument> {
        let page = PageParams(limit: params.limit, cursor: params.cursor)
        var filter = RunFilter(limit: page.limit + 1)
        filter.workflow = params.workflow
        filter.status = params.status
        filter.key = params.key
        filter.createdAfter = params.createdAfter
        filter.createdBefore = params.createdBefore
        if let cursor = page.cursor {
            let text = try PageCursor(cursor, count: 1).values[0].stringValue ?? ""
            filter.before = try RunID(checking: text, path: "cursor")
        }
        let asked = filter
        let views = try await told { () throws(Refusal) in try await node.list(asked) }
        return try Page(rows: views.map { RunDocument($0) }, limit: page.limit, context: context) {
            PageCursor([.string($0.runId)])
        }
    }
}
