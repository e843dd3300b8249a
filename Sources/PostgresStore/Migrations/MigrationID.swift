/// Which migration: the plugin it belongs to and its number in that plugin.
package struct MigrationID: Hashable, Sendable, Comparable, CustomStringConvertible, Codable {
    /// The engine's own migrations stand in the ledger under this name.
    package static let engine = "engine"

    package let plugin: String
    /// Counts from 1.
    package let version: Int

    package init(plugin: String, version: Int) {
        self.plugin = plugin
        self.version = version
    }

    /// For example `hp-university@2`.
    package var description: String { "\(plugin)@\(version)" }

    package static func < (left: MigrationID, right: MigrationID) -> Bool {
        (left.plugin, left.version) < (right.plugin, right.version)
    }
}

/// That another plugin's migrations come first: all of them, or those up to a version.
struct MigrationRequirement: Hashable, Sendable, CustomStringConvertible {
    let plugin: String
    let version: Int?

    init(plugin: String, version: Int? = nil) {
        self.plugin = plugin
        self.version = version
    }

    /// Reads `hp-university` or `hp-university@2`; nil for anything else.
    init?(_ text: String) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard let plugin = parts.first, MigrationSource.isPluginName(plugin) else { return nil }
        if parts.count == 1 {
            self.init(plugin: String(plugin))
        } else {
            guard parts.count == 2, let version = Int(parts[1]), version > 0 else { return nil }
            self.init(plugin: String(plugin), version: version)
        }
    }

    var description: String { version.map { "\(plugin)@\($0)" } ?? plugin }
}

/// The migrations of the engine or of one plugin, as they are compiled into the binary.
package struct MigrationSource: Sendable {
    /// ``MigrationID/engine``, or the plugin's name.
    package let plugin: String
    /// Plugins whose migrations come before these, each as `name` or `name@version`. The engine need not be named.
    package let requires: [String]
    /// File names such as `0001-create-runs.sql`, with the text of each.
    package let files: [(name: String, text: String)]

    package init(plugin: String, requires: [String] = [], files: [(name: String, text: String)]) {
        self.plugin = plugin
        self.requires = requires
        self.files = files
    }

    /// Lower-case letters, digits and hyphens, starting with a letter.
    static func isPluginName(_ text: some StringProtocol) -> Bool {
        guard let first = text.utf8.first, (0x61...0x7A).contains(first) else { return false }
        return text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    }
}

/// Which half of a change a migration is, seen from nodes of the previous release.
package enum MigrationPhase: String, Sendable, Codable {
    /// Adds; nodes of the previous release go on working.
    case expand
    /// Fills what an earlier migration added.
    case backfill
    /// Takes away what only the previous release needs; waits until none of its nodes lives.
    case contract
}
