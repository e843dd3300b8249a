import Foundation
import Glibc
import Logging
import Postgres
import Synchronization
import WorkflowKit

@testable import PostgresStore

/// One throw-away PostgreSQL for the test process, or the one that `HOLDFAST_TEST_DATABASE` names.
///
/// It listens on a unix socket in a temporary folder only. A shell watches a pipe that this process holds open, and
/// ends the cluster when the process is gone, however it ended.
enum TestCluster {
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    static let url: String = ProcessInfo.processInfo.environment["HOLDFAST_TEST_DATABASE"] ?? start()

    /// Connects as the superuser, or as `role`, to `database`.
    static func configuration(database: String? = nil, role: String? = nil) throws -> PostgresConfiguration {
        var configuration = try PostgresConfiguration(url: url)
        if let database { configuration.parameters["dbname"] = database }
        if let role { configuration.parameters["user"] = role }
        configuration.parameters["application_name"] = "migration tests"
        return configuration
    }

    /// Runs `body` with a new database, empty or a copy of `original`, which is dropped afterwards.
    static func withDatabase<Result>(
        copying original: TestDatabase? = nil, _ body: (TestDatabase) async throws -> Result
    ) async throws -> Result {
        let name = "migrations_\(getpid())_\(counter.withLock { $0 += 1; return $0 })"
        let admin = try await PostgresConnection.connect(try configuration(), logger: logger)
        func run(_ text: String) async throws {
            try await admin.execute(SQLStatement(uncheckedText: text, name: "test", isPrepared: false))
        }
        try await run("create database \(name) template \(original?.name ?? "template0")")
        do {
            let result = try await body(TestDatabase(name: name))
            try await run("drop database \(name) with (force)")
            await admin.close()
            return result
        } catch {
            try? await run("drop database \(name) with (force)")
            await admin.close()
            throw error
        }
    }

    private static let counter = Mutex(0)

    /// The folder of PostgreSQL's programs: where Debian puts them, newest version first.
    private static let programs: String = {
        let folder = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let newest = versions.max { (Int($0) ?? 0) < (Int($1) ?? 0) } ?? "none"
        return "\(folder)/\(newest)/bin"
    }()

    private static func start() -> String {
        let folder = "/tmp/hfm-\(getpid())"
        let owner = geteuid() == 0 ? "setpriv --reuid=postgres --regid=postgres --clear-groups" : ""
        // Durability is not what these tests are about, and without it a database is made in a tenth of the time.
        let script = """
            set -e
            cd /
            mkdir "$1" && chmod 0700 "$1"
            if [ "$(id -u)" = 0 ]; then chown postgres "$1"; fi
            run() { \(owner) "$@"; }
            run "$2/initdb" -D "$1/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N >"$1.log" 2>&1
            run "$2/pg_ctl" -D "$1/data" -w -l "$1/data/log" -o "-k $1 -c listen_addresses= -c max_connections=200 \
            -c fsync=off -c autovacuum=off" start >>"$1.log" 2>&1
            echo ready
            cat >/dev/null
            run "$2/pg_ctl" -D "$1/data" -m immediate -w stop >/dev/null 2>&1
            rm -rf "$1" "$1.log"
            """
        let input = Pipe()
        let output = Pipe()
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        // A session of its own: an interrupt of the tests must not reach the postmaster before the script.
        process.arguments = ["-c", "exec setsid /bin/sh -c \"$0\" sh \"$@\"", script, folder, programs]
        process.standardInput = input
        process.standardOutput = output
        do {
            try process.run()
        } catch {
            fatalError("cannot start a test cluster: \(error)")
        }
        guard String(decoding: output.fileHandleForReading.availableData, as: UTF8.self).hasPrefix("ready") else {
            let log = (try? String(contentsOfFile: folder + ".log", encoding: .utf8)) ?? "no log"
            fatalError("cannot start a test cluster with the programs of \(programs): \(log)")
        }
        lifeline.withLock { $0 = (process, input) }
        return "host=\(folder) user=postgres dbname=postgres"
    }

    /// Holds the pipe open for as long as the process lives.
    private static let lifeline = Mutex<(Process, Pipe)?>(nil)
}

/// One database of the cluster, and what tests ask of it.
struct TestDatabase: Sendable {
    let name: String

    /// As a string of libpq's keywords, for another process.
    var url: String {
        get throws {
            try TestCluster.configuration(database: name).parameters.map { keyword, value in
                let escaped = value.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
                return "\(keyword)='\(escaped)'"
            }
            .sorted().joined(separator: " ")
        }
    }

    func runner(
        _ sources: [MigrationSource], role: String? = nil, gates: MigrationGates = MigrationGates(),
        observer: @escaping MigrationObserver = { _ in }, change: (inout MigrationSettings) -> Void = { _ in }
    ) throws -> MigrationRunner {
        var settings = MigrationSettings(release: "1.0.0", host: "test-host")
        change(&settings)
        return MigrationRunner(
            configuration: try TestCluster.configuration(database: name, role: role), sources: sources,
            settings: settings, logger: TestCluster.logger, gates: gates, observer: observer)
    }

    func withSession<Result: Sendable>(
        _ body: (PostgresConnection) async throws -> Result
    ) async throws -> Result {
        let session = try await PostgresConnection.connect(
            try TestCluster.configuration(database: name), logger: TestCluster.logger)
        do {
            let result = try await body(session)
            await session.close()
            return result
        } catch {
            await session.close()
            throw error
        }
    }

    func run(_ script: String) async throws {
        try await withSession { try await $0.simple(script) }
    }

    /// The first column of the first row, as a number.
    func number(_ text: String) async throws -> Int {
        try await withSession { session in
            let rows = try await session.query(
                SQLStatement(uncheckedText: "select (\(text))::int8 as n", name: "test", isPrepared: false))
            return try rows[0].int("n")
        }
    }

    func ledger() async throws -> [MigrationLedgerRow] {
        try await withSession { try await LedgerTable.rows(on: $0) }
    }

    /// What `schemas` hold, read the way the runner reads it.
    func catalog(_ schemas: Set<String>) async throws -> CatalogFingerprint {
        try await withSession { session in
            try await session.simple("set search_path = pg_catalog")
            return try await CatalogFingerprint.read(schemas: schemas, on: session)
        }
    }
}
