import ArgumentParser
import Foundation
import Logging
import PostgresStore

/// `holdfast migrate …`: the schema of the engine and of every plugin, in one ledger.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Brings the database's schema to this release, and says where it stands.",
        subcommands: [Up.self, Plan.self, Status.self, Verify.self, Down.self, Repair.self, New.self]
    )

    /// What all of them take.
    struct Options: ParsableArguments {
        @OptionGroup var database: DatabaseOptions
        @Flag(help: "Print one JSON document and nothing else on standard output.")
        var json = false
    }

    /// Runs `body` against the database and prints what it reports.
    static func report(
        _ options: Options, mayCreate: Bool = false,
        _ body: (MigrationRunner) async throws(MigrationError) -> some MigrationReport
    ) async throws {
        LogOutput.install(level: .warning)
        let logger = Logger(label: "holdfast.migrate")
        let progress = MigrationProgress(isQuiet: options.json)
        let resolved = try await options.database.resolved()
        defer { progress.finish() }
        let report = try await resolved.withDatabase(mayCreate: mayCreate, logger: logger) { configuration in
            try await body(Migrations.runner(configuration, logger: logger, observer: progress.observe))
        }
        progress.finish()
        if options.json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(report), as: UTF8.self))
        } else {
            print(report.render())
        }
        if report.exitCode != 0 { throw ExitCode(report.exitCode) }
    }

    struct Up: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Applies what is missing; goes on where an interrupted run stopped.")
        @OptionGroup var options: Options

        func run() async throws {
            try await MigrateCommand.report(options, mayCreate: true) { runner throws(MigrationError) in
                try await runner.up()
            }
        }
    }

    struct Plan: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows the SQL that \"up\" would run, and what it would lock or rewrite.")
        @OptionGroup var options: Options

        func run() async throws {
            try await MigrateCommand.report(options) { runner throws(MigrationError) in try await runner.plan() }
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Says where the database stands: exit code 0 clean, 3 pending, 4 drift, 5 a failed step.")
        @OptionGroup var options: Options

        func run() async throws {
            try await MigrateCommand.report(options) { runner throws(MigrationError) in try await runner.status() }
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compares files and schema with what was applied, and names every difference.")
        @OptionGroup var options: Options

        func run() async throws {
            try await MigrateCommand.report(options) { runner throws(MigrationError) in try await runner.verify() }
        }
    }

    struct Down: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes migrations back, with their data; --to 0 removes everything.")
        @OptionGroup var options: Options
        @Option(help: "The last version to keep.") var to: Int
        @Option(help: "Only this plugin's migrations (the engine's: \"engine\").") var plugin: String?

        func run() async throws {
            try await MigrateCommand.report(options) { runner throws(MigrationError) in
                try await runner.down(to: to, plugin: plugin)
            }
        }
    }

    struct Repair: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Records the checksums of this binary's files, and finishes what was interrupted.")
        @OptionGroup var options: Options
        @Flag(help: "Record an interrupted step as done without running anything: you did it by hand.")
        var markDone = false

        func run() async throws {
            try await MigrateCommand.report(options) { runner throws(MigrationError) in
                try await runner.repair(markDone: markDone)
            }
        }
    }

    struct New: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Starts a numbered migration file in the repository.")
        @Argument(help: "Lower-case words joined by hyphens, such as add-track.") var name: String
        @Option(help: "Folder of the plugin under Plugins; without it the file is the engine's.") var plugin: String?

        func run() async throws {
            let folder = plugin.map { "Plugins/\($0)/Migrations" } ?? "Migrations"
            print(try MigrationTemplate.write(name: name, plugin: plugin ?? MigrationID.engine, in: folder))
        }
    }
}
