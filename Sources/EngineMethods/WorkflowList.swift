import WorkflowEngine
import WorkflowKit

/// The workflows of this server.
struct WorkflowList: RPCMethod {
    static let name = "workflow.list"
    static let summary = "The workflows of this server, by name."
    static let access = RPCAccess.kinds([.admin])
    static let effect = RPCEffect.reads

    let node: Node

    struct Params: Codable, Sendable, JSONDescribed {
        var limit: Int?
        var cursor: String?
        static let schema = JSONSchema.object(PageParams.members)
    }

    struct Item: Codable, Sendable, JSONDescribed {
        let workflow: String
        let plugin: String
        let versions: [Int]
        let description: String

        static let schema = JSONSchema.object([
            .required("workflow", .text), .required("plugin", .text), .required("versions", .array(of: .integer)),
            .required("description", .text),
        ])
    }

    static func ordering(_ params: Params) -> RPCOrdering { .free }

    func call(_ params: Params, _ context: RPCContext) async throws -> Page<Item> {
        let page = PageParams(limit: params.limit, cursor: params.cursor)
        let after = try page.cursor.map { try PageCursor($0, count: 1).values[0].stringValue ?? "" }
        let items = node.registry.all
            .filter { entry in after.map { entry.type.name > $0 } ?? true }
            .map { entry in
                Item(
                    workflow: entry.type.name, plugin: entry.plugin, versions: entry.versions.map(Int.init),
                    description: entry.type.summary)
            }
        return try Page(rows: Array(items.prefix(page.limit + 1)), limit: page.limit, context: context) {
            PageCursor([.string($0.workflow)])
        }
    }
}
