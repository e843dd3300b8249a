import Foundation
import Glibc

/// Runs PostgreSQL's own benchmark on the server and database that the environment names.
package enum PGBench {
    /// How often a second `script` was run to its end, by `clients` sessions with prepared statements.
    ///
    /// - Parameter database: Another one than the environment's.
    package static func rate(
        script: String, clients: Int, seconds: Int, database: String? = nil
    ) throws(BenchFailure) -> Double {
        let file = FileManager.default.temporaryDirectory.appending(path: "bench-\(UUID()).sql")
        defer { try? FileManager.default.removeItem(at: file) }
        let output: String
        do {
            try script.write(to: file, atomically: true, encoding: .utf8)
            output = try run(
                [
                    "pgbench", "-n", "-M", "prepared", "-c", "\(clients)", "-j", clients > 1 ? "2" : "1", "-T",
                    "\(seconds)", "-f", file.path,
                ] + (database.map { [$0] } ?? []))
        } catch {
            throw BenchFailure("pgbench could not be run: \(error)")
        }
        let line = output.split(separator: "\n").first { $0.hasPrefix("tps = ") }
        guard let text = line?.dropFirst(6).prefix(while: { $0 != " " }), let rate = Double(text) else {
            throw BenchFailure("pgbench did not measure anything: \(output)")
        }
        return rate
    }

    private static func run(_ command: [String]) throws -> String {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        process.standardOutput = pipe
        // Threads of the task pool block all signals, and a child inherits that; pgbench ends by an alarm signal.
        var none = sigset_t()
        var blocked = sigset_t()
        unsafe _ = sigemptyset(&none)
        unsafe _ = pthread_sigmask(SIG_SETMASK, &none, &blocked)
        defer { unsafe _ = pthread_sigmask(SIG_SETMASK, &blocked, nil) }
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return output
    }
}

/// Why a benchmark has no result.
package struct BenchFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

extension Double {
    /// Two decimals when small, none when large.
    package var figure: String { String(format: self < 100 ? "%.2f" : "%.0f", self) }
}

extension String {
    package func padded(to length: Int) -> String { self + String(repeating: " ", count: max(0, length - count)) }
}
