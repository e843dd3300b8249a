import Foundation
import Testing
import WorkflowKit

@testable import Postgres

@Suite struct ConfigurationTests {
    @Test func `a URL with several hosts keeps their order`() throws {
        let configuration = try PostgresConfiguration(
            url: "postgres://me:secret@one:5433,two/shop?target_session_attrs=read-write")
        #expect(configuration.hosts.map(\.name) == ["one", "two"])
        #expect(configuration.hosts.map(\.port) == ["5433", "5432"])
        #expect(configuration.parameters["target_session_attrs"] == "read-write")
        #expect(configuration.redactedDescription == "\"shop\" on one:5433,two:5432")
    }

    @Test(arguments: ["", "postgres://u:secret@h/%zz", "host=a secret", "http://h/secret", "postgres://h:secret"])
    func `a URL that cannot be read is answered by how one looks, without repeating it`(url: String) {
        let error = #expect(throws: SQLError.self) {
            let configuration = try PostgresConfiguration(url: url)
            // A port is a list of texts to libpq, which finds out later.
            if configuration.hosts.contains(where: { Int($0.port) == nil }) {
                throw SQLError(kind: .rejected, message: "postgres://")
            }
        }
        #expect(error?.kind == .rejected)
        #expect(error?.message.contains("postgres://") == true)
        #expect(error?.message.contains("secret") == false)
    }

    @Test func `printing a configuration does not show its password`() throws {
        let configuration = try PostgresConfiguration(url: "postgres://me:secret@one/shop")
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!"\(configuration) \(String(reflecting: configuration)) \(dumped)".contains("secret"))
        #expect("\(configuration)".contains("shop"))
    }

    @Test func `time-outs reach the server and do not displace the URL's options`() async throws {
        var configuration = TestCluster.configuration
        configuration.parameters["options"] = "-c search_path=pg_catalog"
        configuration.statementTimeout = .seconds(7)
        configuration.lockTimeout = .milliseconds(250)
        configuration.idleInTransactionTimeout = .seconds(90)
        let connection = try await PostgresConnection.connect(configuration, logger: TestCluster.logger)
        func setting(_ name: String) async throws -> String {
            try await connection.query(SQLStatement("select current_setting($1) as value", .text(name)))[0].text(
                "value")
        }
        #expect(try await setting("statement_timeout") == "7s")
        #expect(try await setting("lock_timeout") == "250ms")
        #expect(try await setting("idle_in_transaction_session_timeout") == "90s")
        #expect(try await setting("search_path") == "pg_catalog")
        #expect(try await setting("application_name") == "holdfast")
        await connection.close()
    }

    @Test func `a host that nobody listens on is passed over for the next`() async throws {
        var configuration = TestCluster.configuration
        let host = try #require(configuration.parameters["host"])
        configuration.parameters["host"] = "/nonexistent,\(host)"
        let connection = try await PostgresConnection.connect(configuration, logger: TestCluster.logger)
        #expect(connection.isOpen)
        await connection.close()
    }

    @Test func `a standby is looked for and a primary taken if there is none`() async throws {
        var configuration = TestCluster.configuration
        configuration.parameters["target_session_attrs"] = "standby"
        let error = await #expect(throws: SQLError.self) {
            try await PostgresConnection.connect(configuration, logger: TestCluster.logger)
        }
        #expect(error?.kind == .unavailable)
        configuration.parameters["target_session_attrs"] = "prefer-standby"
        let connection = try await PostgresConnection.connect(configuration, logger: TestCluster.logger)
        await connection.close()
    }

    @Test func `an unreachable server, an unknown role and an unknown database are told apart`() async throws {
        func failure(_ change: (inout PostgresConfiguration) -> Void) async -> SQLError? {
            var configuration = TestCluster.configuration
            change(&configuration)
            return await #expect(throws: SQLError.self) {
                try await PostgresConnection.connect(configuration, logger: TestCluster.logger)
            }
        }
        let unreachable = await failure { $0.parameters["host"] = "/nonexistent" }
        #expect(unreachable?.kind == .unavailable)
        #expect(unreachable?.message.contains("No such file or directory") == true)
        let unknownRole = await failure { $0.parameters["user"] = "nobody-knows" }
        #expect(unknownRole?.kind == .notPermitted)
        #expect(unknownRole?.sqlState == "28000")
        let unknownDatabase = await failure { $0.parameters["dbname"] = "no-such-database" }
        #expect(unknownDatabase?.kind == .rejected)
        #expect(unknownDatabase?.message.contains("does not exist") == true)
        #expect(unknownDatabase?.sqlState == "3D000")
    }

    /// A listener that accepts and says nothing, as a host behind a dead load balancer does.
    @Test func `a host that never answers is given up after the time-out, and a cancelled task at once`() async throws {
        let listener = try SilentListener()
        defer { listener.close() }
        var configuration = TestCluster.configuration
        configuration.parameters["host"] = listener.folder
        configuration.parameters["port"] = "5432"
        configuration.connectTimeout = .milliseconds(50)
        let overdue = await #expect(throws: SQLError.self) {
            try await PostgresConnection.connect(configuration, logger: TestCluster.logger)
        }
        #expect(overdue?.kind == .unavailable)

        configuration.connectTimeout = .seconds(3_600)
        let patient = configuration
        let task = Task { try await PostgresConnection.connect(patient, logger: TestCluster.logger) }
        task.cancel()
        let cancelled = await #expect(throws: SQLError.self) { try await task.value }
        #expect(cancelled?.kind == .cancelled)
    }

    @Test func `what libpq says of a refusal is taken apart`() {
        let refused = ConnectFailure(
            text: """
                connection to server at "db" (10.0.0.1), port 5432 failed: FATAL:  53300: sorry, too many clients already
                LOCATION:  InitPostgres, postinit.c:885

                """)
        #expect(refused.sqlState == "53300")
        #expect(refused.reason == "sorry, too many clients already")
        let away = ConnectFailure(
            text: "connection to server on socket \"/x\" failed: No such file or directory\n\tIs the server running?\n")
        #expect(away.sqlState == nil)
        #expect(away.reason == "No such file or directory")
        let error = SQLError([away, refused], database: "\"d\" on h:1")
        #expect(error.kind == .unavailable)
        #expect(
            error.message == "could not reach database \"d\" on h:1: "
                + "No such file or directory; sorry, too many clients already")
    }
}
