import Foundation
import PackagePlugin

/// Compiles SQL files into the target: each build writes them, as they are, into string literals of one Swift file.
///
/// A target gets `EmbeddedSQL.migrations` with the numbered files of its `Migrations` folder, in order, and for every
/// other `Name.sql` in it a string `EmbeddedSQL.name`. The migrations of the engine lie at the top of the repository
/// and belong to `PostgresStore`.
@main
struct EmbedSQL: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        var folders = [target.directoryURL]
        if target.name == "PostgresStore" { folders.append(context.package.directoryURL.appending(path: "Migrations")) }
        let files = folders.flatMap(sqlFiles).sorted { $0.path < $1.path }
        let script = context.package.directoryURL.appending(path: "Sources/EmbedSQL/embed.sh")
        let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedSQL.swift")
        return [
            .buildCommand(
                displayName: "Embedding \(files.count) SQL files into \(target.name)",
                executable: URL(filePath: "/bin/sh"),
                arguments: [script.path, output.path] + files.map(\.path),
                inputFiles: [script] + files,
                outputFiles: [output]
            )
        ]
    }

    private func sqlFiles(below folder: URL) -> [URL] {
        let enumerator = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        return (enumerator?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "sql" }
    }
}
