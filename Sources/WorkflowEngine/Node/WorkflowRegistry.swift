package import WorkflowKit

/// The workflows of this program, by name and version.
package struct WorkflowRegistry: Sendable {
    private struct Key: Hashable {
        let name: String
        let version: Int32
    }

    private var types: [Key: WorkflowType] = [:]
    private var newest: [String: WorkflowType] = [:]
    private var plugins: [String: String] = [:]

    /// Two workflows of the same name and version are a programming error.
    package init(_ plugins: [(plugin: String, workflows: [WorkflowType])]) {
        for (plugin, workflows) in plugins {
            for type in workflows {
                let key = Key(name: type.name, version: Int32(type.version))
                precondition(types[key] == nil, "workflow \(type.name) version \(type.version) is registered twice")
                types[key] = type
                self.plugins[type.name] = plugin
                if (newest[type.name]?.version ?? 0) < type.version { newest[type.name] = type }
            }
        }
    }

    /// The version that new runs start with.
    package func newest(_ name: String) -> WorkflowType? { newest[name] }

    package func type(_ name: String, version: Int32) -> WorkflowType? { types[Key(name: name, version: version)] }

    /// All workflows by name: the newest version of each, with every version that can be run.
    package var all: [(type: WorkflowType, plugin: String, versions: [Int32])] {
        newest.values.sorted { $0.name < $1.name }.map { type in
            (type, plugins[type.name] ?? "", types.keys.filter { $0.name == type.name }.map(\.version).sorted())
        }
    }
}
