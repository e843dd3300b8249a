import Canary
import WorkflowKit

/// The plugins of this binary. A new one is a line here and a line in Package.swift.
enum Plugins {
    /// All that are compiled in; their migrations are part of the schema whether a node offers them or not.
    static let compiledIn: [Plugin] = [
        .canary
    ]

    /// Those that a node offers.
    static func offered(withCanary: Bool) -> [Plugin] {
        compiledIn.filter { withCanary || $0.name != Plugin.canary.name }
    }
}
