import ArgumentParser
import WorkflowKit

/// The command `holdfast`.
@main
struct Holdfast: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "holdfast",
        abstract: "A durable workflow server on PostgreSQL.",
        discussion: """
            First steps:
              holdfast serve --canary        a node with a PostgreSQL of its own, on 127.0.0.1:7420
              holdfast doctor                checks the installation and says what to do about each finding

            Every option can also be given in the environment (--data-dir as HOLDFAST_DATA_DIR) and in a JSON file
            ("dataDir") named by --config. Exit codes: 0 done, 1 the answer was an error, 64 wrong usage, 69 server or
            database not reachable, 75 try again, 77 not permitted, 78 wrong configuration.
            """,
        version: Release.version,
        subcommands: [
            ServeCommand.self, MigrateCommand.self, TokenCommand.self, CallCommand.self, ReportCommand.self,
            WatchCommand.self, AuditCommand.self, DemoCommand.self, DoctorCommand.self, BenchCommand.self,
            PluginCommand.self,
        ]
    )

    /// Replaces the library's own, so that a failure's sentence and exit code are the ones of ``Refusal``.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            guard let refusal = Refusal(error) else { exit(withError: error) }
            refusal.tell()
            // Whoever asked for a document gets one, whatever happens.
            if CommandLine.arguments.contains("--json"), !refusal.isPrinted { print(refusal.document.text) }
            exit(withError: ExitCode(refusal.status.rawValue))
        }
    }
}

/// What this binary is.
enum Release {
    /// Semantic: a new first number may need work of the upgrader, which CHANGELOG.md names.
    static let version = "0.1.0"
}
