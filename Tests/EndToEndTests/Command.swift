import Foundation
import Glibc
import Synchronization
import Testing

/// The built binary, run as an administrator runs it.
enum Command {
    struct Outcome: Sendable {
        let status: Int32
        let output: String
        let errors: String
    }

    /// Beside the bundle of these tests.
    static let binary: String = {
        let bundle = URL(filePath: CommandLine.arguments[0])
        return bundle.deletingLastPathComponent().appending(path: "holdfast").path
    }()

    static func process(_ arguments: [String], environment: [String: String] = [:]) -> Process {
        let process = Process()
        process.executableURL = URL(filePath: binary)
        process.arguments = arguments
        // Nothing of the caller's settings leaks into a test.
        let inherited = ProcessInfo.processInfo.environment.filter { key, _ in
            (!key.hasPrefix("HOLDFAST_") || key == "HOLDFAST_POSTGRES_BIN") && !key.hasPrefix("PG")
        }
        process.environment = inherited.merging(environment) { _, given in given }
        process.standardInput = FileHandle.nullDevice
        return process
    }

    /// Runs the command to its end.
    static func run(
        _ arguments: [String], environment: [String: String] = [:], folder: String? = nil
    ) async throws -> Outcome {
        let process = process(arguments, environment: environment)
        if let folder { process.currentDirectoryURL = URL(filePath: folder) }
        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        return try await withCheckedThrowingContinuation { continuation in
            // A thread of its own: reading to the end blocks.
            Thread.detachNewThread {
                do {
                    try process.run()
                    let errorText = Mutex("")
                    let done = DispatchSemaphore(value: 0)
                    Thread.detachNewThread {
                        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                        errorText.withLock { $0 = text }
                        done.signal()
                    }
                    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                    done.wait()
                    process.waitUntilExit()
                    continuation.resume(
                        returning: Outcome(
                            status: process.terminationStatus, output: text, errors: errorText.withLock { $0 }))
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }

    /// Calls `body` with a new folder that is removed afterwards.
    static func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        let folder = "/tmp/holdfast-e2e-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        do {
            let result = try await body(folder)
            removeAll(folder)
            return result
        } catch {
            removeAll(folder)
            throw error
        }
    }

    private static func removeAll(_ folder: String) {
        if let server = serverProcess(dataDirectory: folder) { kill(server, SIGQUIT) }
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// The PostgreSQL of a data directory; nil when none runs.
    static func serverProcess(dataDirectory: String) -> Int32? {
        let file = dataDirectory + "/postgres/data/postmaster.pid"
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return nil }
        return text.split(separator: "\n").first.flatMap { Int32($0) }
    }
}
