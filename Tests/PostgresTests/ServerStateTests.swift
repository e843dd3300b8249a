import Postgres
import Testing
import WorkflowKit

/// What a server that is not quite well is reported as.
@Suite struct ServerStateTests {
    @Test func `a server with no connection to spare is unavailable`() async throws {
        try await TestCluster.withConnection { connection in
            let role = "crowded_\(connection.processID)"
            try await connection.simple("create role \(role) login connection limit 0")
            var configuration = TestCluster.configuration
            configuration.parameters["user"] = role
            let error = await #expect(throws: SQLError.self) {
                try await PostgresConnection.connect(configuration, logger: TestCluster.logger)
            }
            #expect(error?.kind == .unavailable)
            #expect(error?.sqlState == "53300")
            try await connection.simple("drop role \(role)")
        }
    }

    @Test func `writing to a server that can only be read is unavailable, with a sentence that says so`() async throws {
        try await TestCluster.withConnection { connection in
            try await connection.simple("create temporary table t (a int); set default_transaction_read_only to on")
            let error = await #expect(throws: SQLError.self) {
                try await connection.simple("create table never_made (a int)")
            }
            #expect(error?.kind == .unavailable)
            #expect(error?.message.contains("only be read") == true)
        }
    }

    @Test func `what the role may not do is not permitted, and says on what`() async throws {
        try await TestCluster.withConnection { connection in
            try await connection.simple("set role pg_monitor")
            let error = await #expect(throws: SQLError.self) {
                try await connection.query(SQLStatement("select * from pg_authid"))
            }
            #expect(error?.kind == .notPermitted)
            #expect(error?.message.contains("pg_authid") == true)
        }
    }

    /// The commit is done on this server, but no standby has it: if the server is lost now, so is the commit.
    @Test func `a commit whose wait for a standby is given up is an unknown outcome`() async throws {
        let url = TestCluster.start(suffix: "s", settings: "-c synchronous_standby_names=absent")
        let configuration = try PostgresConfiguration(url: url)
        let observer = try await PostgresConnection.connect(configuration, logger: TestCluster.logger)
        let connection = try await PostgresConnection.connect(configuration, logger: TestCluster.logger)
        let pipeline = PostgresPipeline(configuration: configuration, logger: TestCluster.logger)
        try await observer.simple("set synchronous_commit to local; create table t (a int)")

        func giveUp() async throws {
            let waiting = SQLStatement("select pid from pg_stat_activity where wait_event = 'SyncRep'")
            try await TestCluster.wait(until: waiting, on: observer)
            _ = try await observer.query(
                SQLStatement("select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'"))
        }
        let insert = SQLStatement("insert into t values (1)")
        let ways: [@Sendable () async throws -> Void] = [
            { _ = try await connection.transaction { try await $0.execute(insert) } },
            { try await connection.execute(insert) },
            { _ = try await pipeline.submit([insert, SQLStatement("select 1")]) },
        ]
        for way in ways {
            let task = Task { try await way() }
            try await giveUp()
            let error = await #expect(throws: SQLError.self) { try await task.value }
            #expect(error?.kind == .outcomeUnknown)
        }
        let count = try await observer.query(SQLStatement("select count(*) as n from t"))[0].int("n")
        #expect(count == 3)
        for connection in [connection, observer] { await connection.close() }
        await pipeline.close()
    }
}
