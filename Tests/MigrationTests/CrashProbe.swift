import Foundation
import Postgres

@testable import PostgresStore

/// Starts the executable `MigrationCrashProbe`, which stands beside the tests' own.
final class CrashProbe {
    let process = Process()
    private let output = Pipe()
    private let errors = Pipe()

    static let path: String = {
        let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        return tests.deletingLastPathComponent().appending(path: "MigrationCrashProbe").path
    }()

    init(_ database: TestDatabase, _ folder: String, _ command: String, killAt event: Int = 0) throws {
        process.executableURL = URL(filePath: Self.path)
        process.arguments = [try database.url, folder, command, "\(event)"]
        process.standardOutput = output
        process.standardError = errors
        try process.run()
    }

    /// What a probe left when it ended.
    struct Outcome {
        let events: [String]
        let errors: String
        /// The exit code; nil when a signal ended it.
        let exitCode: Int32?
        /// The signal that ended it.
        let signal: Int32?
    }

    /// Waits for the end without holding up the other tests.
    func outcome() async -> Outcome {
        let output = output.fileHandleForReading
        let errors = errors.fileHandleForReading
        return await withCheckedContinuation { continuation in
            DispatchQueue.global().async { [process] in
                let lines = String(decoding: output.readDataToEndOfFile(), as: UTF8.self).split(separator: "\n")
                let message = String(decoding: errors.readDataToEndOfFile(), as: UTF8.self)
                process.waitUntilExit()
                let bySignal = process.terminationReason == .uncaughtSignal
                continuation.resume(
                    returning: Outcome(
                        events: lines.map(String.init), errors: message,
                        exitCode: bySignal ? nil : process.terminationStatus,
                        signal: bySignal ? process.terminationStatus : nil))
            }
        }
    }
}

/// Migrations as files in a temporary folder, one folder per plugin, for the probe to read.
struct MigrationFolder {
    let path: String
    let sources: [MigrationSource]

    init(_ sources: [MigrationSource]) throws {
        self.sources = sources
        path = FileManager.default.temporaryDirectory.appending(path: "hfm-files-\(UUID().uuidString)").path
        for source in sources {
            let folder = "\(path)/\(source.plugin)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for file in source.files {
                try file.text.write(toFile: "\(folder)/\(file.name)", atomically: false, encoding: .utf8)
            }
        }
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
