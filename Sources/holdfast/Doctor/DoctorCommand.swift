import ArgumentParser
import Foundation
import Logging
import Postgres
import PostgresStore
import WorkflowKit

/// `holdfast doctor`: looks at the installation and the database, and says what to do about each finding.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Checks the installation and the database, and says what to do about each finding.")

    @OptionGroup var database: DatabaseOptions
    @Flag(help: "Print one JSON document and nothing else on standard output.")
    var json = false

    func run() async throws {
        LogOutput.install(level: .error)
        let logger = Logger(label: "holdfast.doctor")
        let resolved = try await database.resolved()
        var findings: [Finding] = [await Self.binaries(resolved)]
        do {
            if let configuration = try await Self.reachable(resolved) {
                findings += await DatabaseExamination(configuration: configuration, logger: logger).findings()
            } else {
                findings.append(
                    Finding(
                        .fine, "database", "no node runs on \"\(resolved.dataDirectory)\"; nothing to look at there"))
            }
        } catch {
            guard let refusal = Refusal(error) else { throw error }
            findings.append(Finding(.broken, "database", refusal.sentence, exit: refusal.status))
        }
        try print(findings)
        if let broken = findings.first(where: { $0.grade == .broken }) { throw ExitCode(broken.exit.rawValue) }
    }

    private static func binaries(_ resolved: DatabaseOptions.Resolved) async -> Finding {
        do throws(EmbeddedPostgresError) {
            let found = try await PostgresBinaries.find(explicit: resolved.postgresBinaries)
            return Finding(.fine, "postgresql", "PostgreSQL \(found.majorVersion) in \(found.folder)")
        } catch {
            // A node that is given a database needs none of its own.
            return Finding(
                resolved.database == nil ? .broken : .fine, "postgresql", error.message, exit: .configuration)
        }
    }

    /// The database that is named, or that a live node runs in the data directory; nil when there is neither.
    private static func reachable(_ resolved: DatabaseOptions.Resolved) async throws -> PostgresConfiguration? {
        if let named = resolved.database { return named }
        guard FileManager.default.fileExists(atPath: resolved.dataDirectory),
            let url = try EmbeddedPostgres.urlOfRunningNode(dataDirectory: resolved.dataDirectory)
        else { return nil }
        return try PostgresConfiguration(url: url)
    }

    private func print(_ findings: [Finding]) throws {
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            Swift.print(String(decoding: try encoder.encode(["findings": findings]), as: UTF8.self))
        } else {
            for finding in findings { Swift.print(finding.line) }
        }
    }
}

/// One thing that was looked at.
struct Finding: Encodable, Sendable {
    enum Grade: String, Encodable, Sendable {
        case fine, warning, broken
    }

    let grade: Grade
    /// What was looked at, one word for scripts.
    let subject: String
    /// What was found, and what to do about it.
    let sentence: String
    let exit: ExitStatus

    init(_ grade: Grade, _ subject: String, _ sentence: String, exit: ExitStatus = .failed) {
        self.grade = grade
        self.subject = subject
        self.sentence = sentence
        self.exit = exit
    }

    private enum CodingKeys: CodingKey {
        case grade, subject, sentence
    }

    var line: String {
        let mark =
            switch grade {
            case .fine: "ok     "
            case .warning: "warning"
            case .broken: "BROKEN "
            }
        return "\(mark)  \(subject): \(sentence)"
    }
}
