import Postgres
import Testing
import WorkflowKit

@Suite struct CancellationTests {
    private static func isRunning(_ processID: Int32) -> SQLStatement {
        SQLStatement(
            "select 1 from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'", .int4(processID))
    }
    private static let sleep = SQLStatement("select pg_sleep(3600)")

    @Test func `cancelling the task cancels on the server and leaves a clean session`() async throws {
        try await TestCluster.withConnection { observer in
            try await TestCluster.withConnection { connection in
                let task = Task { try await connection.query(Self.sleep) }
                try await TestCluster.wait(until: Self.isRunning(connection.processID), on: observer)
                task.cancel()
                let error = await #expect(throws: SQLError.self) { try await task.value }
                #expect(error?.kind == .cancelled)
                #expect(error?.sqlState == "57014")
                for number in 1...20 {
                    let rows = try await connection.query(SQLStatement("select $1 as n", .int4(Int32(number))))
                    #expect(try rows[0].int("n") == number)
                }
            }
        }
    }

    @Test func `a task that is cancelled already sends nothing`() async throws {
        try await TestCluster.withConnection { connection in
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                return try await connection.query(Self.sleep)
            }
            task.cancel()
            let error = await #expect(throws: SQLError.self) { try await task.value }
            #expect(error?.kind == .cancelled)
            #expect(error?.sqlState == nil)
            #expect(connection.isOpen)
        }
    }

    @Test func `a task that waits for its turn leaves the line when it is cancelled`() async throws {
        try await TestCluster.withConnection { observer in
            try await TestCluster.withConnection { connection in
                let first = Task { try await connection.query(Self.sleep) }
                try await TestCluster.wait(until: Self.isRunning(connection.processID), on: observer)
                let second = Task { try await connection.query(SQLStatement("select 1")) }
                second.cancel()
                let error = await #expect(throws: SQLError.self) { try await second.value }
                #expect(error?.kind == .cancelled)
                first.cancel()
                _ = await first.result
                #expect(connection.isOpen)
            }
        }
    }

    @Test func `a cancelled transaction is rolled back and its connection usable`() async throws {
        try await TestCluster.withConnection { observer in
            try await TestCluster.withConnection { connection in
                try await connection.simple("create temporary table t (a int)")
                let task = Task {
                    try await connection.transaction { transaction in
                        try await transaction.execute(SQLStatement("insert into t values (1)"))
                        _ = try await transaction.query(Self.sleep)
                    }
                }
                try await TestCluster.wait(until: Self.isRunning(connection.processID), on: observer)
                task.cancel()
                let error = await #expect(throws: SQLError.self) { try await task.value }
                #expect(error?.kind == .cancelled)
                let rows = try await connection.query(SQLStatement("select * from t"))
                #expect(rows.isEmpty)
            }
        }
    }

    @Test func `a statement that exceeds its time-out is cancelled by the server`() async throws {
        var configuration = TestCluster.configuration
        configuration.statementTimeout = .milliseconds(20)
        let connection = try await PostgresConnection.connect(configuration, logger: TestCluster.logger)
        let error = await #expect(throws: SQLError.self) { try await connection.query(Self.sleep) }
        #expect(error?.kind == .cancelled)
        #expect(connection.isOpen)
        await connection.close()
    }

    @Test func `a session that an administrator ends is an unavailable database, not a doubt`() async throws {
        try await TestCluster.withConnection { observer in
            try await TestCluster.withConnection { connection in
                let task = Task { try await connection.query(Self.sleep) }
                try await TestCluster.wait(until: Self.isRunning(connection.processID), on: observer)
                _ = try await observer.query(
                    SQLStatement("select pg_terminate_backend($1)", .int4(connection.processID)))
                let error = await #expect(throws: SQLError.self) { try await task.value }
                #expect(error?.kind == .unavailable)
                #expect(error?.sqlState == "57P01")
            }
        }
    }

    @Test func `closing a connection ends what is under way on it`() async throws {
        try await TestCluster.withConnection { observer in
            let connection = try await TestCluster.connect()
            let task = Task { try await connection.query(Self.sleep) }
            try await TestCluster.wait(until: Self.isRunning(connection.processID), on: observer)
            await connection.close()
            let error = await #expect(throws: SQLError.self) { try await task.value }
            #expect(error?.kind == .outcomeUnknown)
            let late = await #expect(throws: SQLError.self) { try await connection.query(Self.sleep) }
            #expect(late?.kind == .unavailable)
        }
    }
}
