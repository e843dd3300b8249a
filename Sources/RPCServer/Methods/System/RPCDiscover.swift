internal import WorkflowKit

/// Describes the methods that the caller may call, as an OpenRPC document.
struct RPCDiscover: ImmediateRPCMethod {
    static let name = "rpc.discover"
    static let summary = "Describes the methods that the caller may call, as an OpenRPC document."
    static let access = RPCAccess.anyone
    static let effect = RPCEffect.reads

    let others: [AnyRPCMethod]
    let version: String

    struct Params: Codable, Sendable, JSONDescribed {
        let prefix: String?
        static let schema = JSONSchema.object([
            .optional("prefix", .string(0...128), "only methods whose name begins with it")
        ])
    }

    struct Result: Encodable, Sendable, JSONDescribed {
        let document: JSON
        func encode(to encoder: any Encoder) throws { try document.encode(to: encoder) }
        static let schema = JSONSchema.map(of: .any)
    }

    func answer(_ params: Params, _ context: RPCContext) -> Result {
        let methods = MethodTable(others + [AnyRPCMethod(self)]).callable(by: context.caller?.kind)
        let prefix = params.prefix ?? ""
        return Result(
            document: OpenRPCDocument.document(of: methods.filter { $0.name.hasPrefix(prefix) }, version: version))
    }
}
