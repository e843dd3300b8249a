package import WorkflowKit

/// All methods of the server, its own and the plugins'.
package struct MethodTable: Sendable {
    /// One method and how it is measured; a reference, because the description of a method is large to hand around.
    final class Entry: Sendable {
        let method: AnyRPCMethod
        let metrics: MethodMetrics

        init(_ method: AnyRPCMethod) {
            self.method = method
            metrics = MethodMetrics(method.name)
        }
    }

    package let methods: [AnyRPCMethod]
    private let byName: [String: Entry]

    /// Two methods of one name are a programming error.
    package init(_ methods: [AnyRPCMethod]) {
        self.methods = methods.sorted { $0.name < $1.name }
        byName = Dictionary(methods.map { ($0.name, Entry($0)) }) { first, _ in
            preconditionFailure("two methods are named \"\(first.method.name)\"")
        }
    }

    package subscript(name: String) -> AnyRPCMethod? { byName[name]?.method }

    func entry(_ name: String) -> Entry? { byName[name] }

    /// What a caller of that kind may call; nil stands for a caller without a session.
    package func callable(by kind: PrincipalKind?) -> [AnyRPCMethod] { methods.filter { $0.access.admits(kind) } }

    /// The method of that name, if that caller may call it.
    func authorised(_ name: String, for principal: Principal?) throws(RPCError) -> Entry {
        guard let entry = byName[name] else { throw unknown(name, principal) }
        guard entry.method.access.admits(principal?.kind) else {
            guard let principal else { throw .authenticationRequired }
            throw .forbidden("A caller of the kind \"\(principal.kind.rawValue)\" may not call \"\(name)\".")
        }
        return entry
    }

    private func unknown(_ name: String, _ principal: Principal?) -> RPCError {
        let meant = nearestName(to: name, among: callable(by: principal?.kind).map(\.name))
        let hint = meant.map { "Did you mean \"\($0)\"?" } ?? "Call rpc.discover for the list."
        return RPCError(.unknownMethod, type: "method.unknown", "There is no method \"\(name.prefix(128))\". \(hint)")
    }
}
