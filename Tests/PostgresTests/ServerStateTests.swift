import Glibc
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

    /// When one of its processes is killed, PostgreSQL ends all sessions and recovers; until then it refuses new ones.
    @Test func `a pool and a pipeline come back by themselves after a crash of the server`() async throws {
        let configuration = try PostgresConfiguration(url: TestCluster.start(suffix: "c"))
        let pool = PostgresPool(
            configuration: configuration, size: 3, logger: TestCluster.logger, acquireTimeout: .seconds(60))
        let pipeline = PostgresPipeline(
            configuration: configuration, logger: TestCluster.logger, connectPatience: .seconds(60))
        let own = SQLStatement("select pg_backend_pid() as pid")
        let victim = try await pool.query(own)[0].int("pid")
        _ = try await pipeline.submit([own])
        kill(pid_t(victim), SIGKILL)
        // Calls may fail as long as the loss is being noticed, and say so; none of them hangs.
        var kinds: Set<SQLError.Kind> = []
        var isBack = (pool: false, pipeline: false)
        while !isBack.pool || !isBack.pipeline {
            do throws(SQLError) {
                isBack.pool = try await pool.query(own)[0].int("pid") != victim
                isBack.pipeline = try await !pipeline.submit([own])[0].isEmpty
            } catch {
                kinds.insert(error.kind)
            }
        }
        #expect(kinds.isSubset(of: [.unavailable, .outcomeUnknown]))
        #expect(pool.connectionCount <= 3)
        await pool.close()
        await pipeline.close()
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
