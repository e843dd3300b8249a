import ArgumentParser
import Foundation

/// `holdfast plugin`: for authors of plugins.
struct PluginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugin", abstract: "Begins a new plugin.", subcommands: [New.self])

    struct New: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes a plugin that builds and passes its tests, to change from there.",
            discussion: """
                To be run in a checkout. It writes Plugins/NAME and Tests/NAMETests and adds the plugin to Package.swift, \
                to the list in Sources/holdfast/Plugins.swift and to the table of imports. docs/workflows.md tells how \
                workflows are written.
                """)

        @Argument(help: "Its name as a Swift module: Invoices.")
        var name: String
        @Flag(help: "Print one JSON document.")
        var json = false

        func run() async throws {
            let files = try PluginScaffold(name: name, root: FileManager.default.currentDirectoryPath).write()
            if json {
                let list = files.map { "\"\($0)\"" }.joined(separator: ",")
                print("{\"files\":[\(list)]}")
            } else {
                for file in files { print(file) }
                print("Next: swift test --filter \(name)Tests")
            }
        }
    }
}
