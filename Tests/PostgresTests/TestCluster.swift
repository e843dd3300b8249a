import Foundation
import Glibc
import Logging
import Testing
import WorkflowKit

@testable import Postgres

/// One throw-away PostgreSQL for the test process, or the one that `HOLDFAST_TEST_DATABASE` names.
///
/// It listens on a unix socket in a temporary folder only and is stopped when the process ends, however it ends: its
/// postmaster watches a pipe that this process holds open.
enum TestCluster {
    /// How to connect; the superuser, in a database that the tests may fill.
    static let configuration: PostgresConfiguration = {
        do {
            return try PostgresConfiguration(url: url)
        } catch {
            fatalError("cannot use the test database: \(error)")
        }
    }()

    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// The folder of PostgreSQL's programs.
    static let programs: String = {
        let found = output(of: "pg_config", ["--bindir"])
        if let found, FileManager.default.isExecutableFile(atPath: found + "/initdb") { return found }
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        let newest = versions.max { (Int($0) ?? 0) < (Int($1) ?? 0) } ?? "none"
        return "/usr/lib/postgresql/\(newest)/bin"
    }()

    static let url: String = {
        if let given = ProcessInfo.processInfo.environment["HOLDFAST_TEST_DATABASE"] { return given }
        return start()
    }()

    /// Starts a cluster with `settings` beside the usual ones; returns how to connect to it.
    static func start(suffix: String = "", settings: String = "") -> String {
        let folder = "/tmp/hf-\(getpid())\(suffix)"
        let data = folder + "/data"
        let owner = geteuid() == 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : []
        // The script ends the cluster and removes the folder once its standard input is closed, which the system does
        // when this process is gone.
        let script = """
            set -e
            cd /
            mkdir "$1" && chmod 0700 "$1"
            if [ "$(id -u)" = 0 ]; then chown postgres "$1"; fi
            run() { \(owner.joined(separator: " ")) "$@"; }
            run "$3/initdb" -D "$2" -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N >"$1.log" 2>&1
            run "$3/pg_ctl" -D "$2" -w -l "$2/log" -o "-k $1 -c listen_addresses= -c max_connections=300 \
            -c max_prepared_transactions=2 -c wal_level=logical -c fsync=off \(settings)" start >>"$1.log" 2>&1
            echo ready
            cat >/dev/null
            run "$3/pg_ctl" -D "$2" -m immediate -w stop >/dev/null 2>&1
            rm -rf "$1" "$1.log"
            """
        let input = Pipe()
        let output = Pipe()
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        // A session of its own: an interrupt of the tests must not reach the postmaster before the script.
        process.arguments = [
            "-c", "exec setsid /bin/sh -c \"$0\" sh \"$@\"", script, folder, data, programs,
        ]
        process.standardInput = input
        process.standardOutput = output
        do {
            try process.run()
        } catch {
            fatalError("cannot start a test cluster: \(error)")
        }
        let answer = output.fileHandleForReading.availableData
        guard String(decoding: answer, as: UTF8.self).hasPrefix("ready") else {
            let log = (try? String(contentsOfFile: folder + ".log", encoding: .utf8)) ?? "no log"
            fatalError("cannot start a test cluster with the programs of \(programs): \(log)")
        }
        lifelines.withLock { $0.append((process, input)) }
        return "host=\(folder) user=postgres dbname=postgres"
    }

    /// Holds the pipes open for as long as the process lives.
    private static let lifelines = Locked<[(Process, Pipe)]>([])

    private static func output(of program: String, _ arguments: [String]) -> String? {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

extension TestCluster {
    static func connect() async throws -> PostgresConnection {
        try await PostgresConnection.connect(configuration, logger: logger)
    }

    /// Runs `body` with a connection of its own, closed afterwards.
    static func withConnection<Result: Sendable>(
        _ body: (PostgresConnection) async throws -> Result
    ) async throws -> Result {
        let connection = try await connect()
        do {
            let result = try await body(connection)
            await connection.close()
            return result
        } catch {
            await connection.close()
            throw error
        }
    }

    /// Waits until `query` returns a row: for what another session does, without guessing how long it takes.
    static func wait(until query: SQLStatement, on connection: PostgresConnection) async throws {
        while try await connection.query(query).isEmpty { await Task.yield() }
    }
}
