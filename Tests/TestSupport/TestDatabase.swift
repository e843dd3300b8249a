import Foundation
import Glibc
package import Postgres
package import PostgresStore
import Synchronization
package import WorkflowKit

/// A database of one test's own, so that tests run side by side. It is dropped when the test has ended.
package struct TestDatabase: Sendable {
    package let name: String
    /// How to reach it, as the role that owns it.
    package let url: String

    package var configuration: PostgresConfiguration {
        get throws { try PostgresConfiguration(url: url) }
    }

    /// Calls `body` with a new database that has the engine's schema, and those of `plugins`.
    ///
    /// The schema is built once for all tests of the machine, in a template whose name tells its content; each database
    /// is a copy.
    package static func with<Result>(
        plugins: [MigrationSource] = [], _ body: (TestDatabase) async throws -> Result
    ) async throws -> Result {
        let engine = MigrationSource(plugin: MigrationID.engine, files: PostgresStore.EmbeddedSQL.migrations)
        let template = try await Template(sources: [engine] + plugins).name()
        return try await with(copyOf: template, body)
    }

    /// Calls `body` with a new database that has nothing in it.
    package static func empty<Result>(_ body: (TestDatabase) async throws -> Result) async throws -> Result {
        try await with(copyOf: "template0", body)
    }

    private static let counter = Mutex(0)

    private static func with<Result>(
        copyOf template: String, _ body: (TestDatabase) async throws -> Result
    ) async throws -> Result {
        let number = counter.withLock { counter in
            counter += 1
            return counter
        }
        let name = "test_\(getpid())_\(number)"
        try await administer("create database \(name) template \(template)")
        let database = TestDatabase(name: name, url: try await url(of: name))
        do {
            let result = try await body(database)
            try await administer("drop database \(name) with (force)")
            return result
        } catch {
            try? await administer("drop database \(name) with (force)")
            throw error
        }
    }

    /// Runs statements in this database, as the role that owns it.
    package func administer(_ script: String) async throws {
        try await Self.run(script, at: url)
    }

    /// Runs one statement in this database, as the role that owns it.
    package func administer(_ statement: SQLStatement) async throws {
        _ = try await Self.connected(to: url) { try await $0.execute(statement) }
    }

    /// Runs `body` while a session that has done `statement` is there.
    package func withSession(after statement: SQLStatement, _ body: () async throws -> Void) async throws {
        try await Self.connected(to: url) { connection in
            _ = try await connection.query(statement)
            try await body()
        }
    }

    /// The text in the first column named "dump" of the one row that `query` gives.
    ///
    /// - Parameter preparation: A query before it in the same session.
    package func text(_ query: String, after preparation: SQLStatement? = nil) async throws -> String {
        try await Self.connected(to: url) { connection in
            if let preparation { _ = try await connection.query(preparation) }
            let rows = try await connection.query(SQLStatement(uncheckedText: query, name: "Dump"))
            return try rows.first?.textOrNull("dump") ?? ""
        }
    }

    /// Runs one statement in the database that the cluster's URL names.
    static func administer(_ text: String) async throws {
        try await run(text, at: try await TestCluster.url())
    }

    private static func run(_ script: String, at url: String) async throws {
        try await connected(to: url) { try await $0.simple(script) }
    }

    private static func connected<Result>(
        to url: String, _ body: (PostgresConnection) async throws -> Result
    ) async throws -> Result {
        let connection = try await PostgresConnection.connect(
            try PostgresConfiguration(url: url), logger: TestCluster.logger)
        do {
            let result = try await body(connection)
            await connection.close()
            return result
        } catch {
            await connection.close()
            throw error
        }
    }

    /// The cluster's URL with another database in it.
    static func url(of database: String) async throws -> String {
        let shared = try await TestCluster.url()
        guard var parts = URLComponents(string: shared) else {
            throw SQLError(kind: .rejected, message: "HOLDFAST_TEST_DATABASE must be a postgresql:// URL")
        }
        parts.path = "/" + database
        return parts.string ?? shared
    }
}

/// A database that was migrated once and is copied from then on.
struct Template: Sendable {
    let sources: [MigrationSource]

    /// Builds it if no test process of this machine has, and returns its name.
    func name() async throws -> String {
        let name = "template_\(fingerprint)"
        let lock = try await PostgresConnection.connect(
            try PostgresConfiguration(url: try await TestCluster.url()), logger: TestCluster.logger)
        defer { Task { await lock.close() } }
        // Held by the session: others wait here until the template is there, or its builder is gone.
        try await lock.execute(SQLStatement("select pg_advisory_lock(7420)"))
        let found = try await lock.query(
            SQLStatement("select count(*)::int as found from pg_database where datname = $1", .text(name)))
        if try found[0].int("found") == 0 {
            let draft = name + "_draft"
            try await lock.simple("drop database if exists \(draft) with (force)")
            try await lock.simple("create database \(draft) template template0")
            let runner = MigrationRunner(
                configuration: try PostgresConfiguration(url: try await TestDatabase.url(of: draft)), sources: sources,
                settings: MigrationSettings(release: "test"), logger: TestCluster.logger)
            _ = try await runner.up()
            try await lock.simple("alter database \(draft) rename to \(name)")
        }
        try await lock.execute(SQLStatement("select pg_advisory_unlock(7420)"))
        return name
    }

    /// FNV-1a over every name and text: another content, another template.
    private var fingerprint: String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for source in sources {
            for file in source.files {
                for byte in (source.plugin + "\0" + file.name + "\0" + file.text + "\0").utf8 {
                    hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
                }
            }
        }
        return String(hash, radix: 16)
    }
}
