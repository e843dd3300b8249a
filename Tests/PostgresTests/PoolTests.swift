import Postgres
import Testing
import WorkflowKit

@Suite struct PoolTests {
    private func withPool(
        size: Int, acquireTimeout: Duration = .seconds(60), _ body: (PostgresPool) async throws -> Void
    ) async throws {
        let pool = PostgresPool(
            configuration: TestCluster.configuration, size: size, logger: TestCluster.logger,
            acquireTimeout: acquireTimeout)
        try await body(pool)
        await pool.close()
        #expect(pool.connectionCount == 0)
    }

    @Test func `no more connections are opened than needed, nor more than allowed`() async throws {
        try await withPool(size: 3) { pool in
            for _ in 0..<10 { _ = try await pool.query(SQLStatement("select 1")) }
            #expect(pool.connectionCount == 1)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<50 {
                    group.addTask { _ = try await pool.query(SQLStatement("select pg_sleep(0.001)")) }
                }
                try await group.waitForAll()
            }
            #expect((2...3).contains(pool.connectionCount))
        }
    }

    @Test func `tasks get a connection in the order in which they came`() async throws {
        try await withPool(size: 1) { pool in
            let order = Order()
            try await pool.withConnection { _ in
                // They are let in one by one, while nobody can get through.
                for number in 0..<10 {
                    Task {
                        try await pool.withConnection { _ in order.append(number) }
                    }
                    while pool.waitingCount <= number { await Task.yield() }
                }
            }
            while order.numbers.count < 10 { await Task.yield() }
            #expect(order.numbers == Array(0..<10))
        }
    }

    @Test func `a task that waits too long is told that the database is not available`() async throws {
        try await withPool(size: 1) { pool in
            try await pool.withConnection { _ in
                let error = await #expect(throws: SQLError.self) {
                    try await pool.withConnection(within: .milliseconds(20)) { _ in }
                }
                #expect(error?.kind == .unavailable)
            }
            #expect(pool.waitingCount == 0)
        }
    }

    @Test func `tasks with different deadlines are each told at their own`() async throws {
        try await withPool(size: 1) { pool in
            try await pool.withConnection { _ in
                let order = Order()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for milliseconds in [120, 20, 70] {
                        group.addTask {
                            let error = await #expect(throws: SQLError.self) {
                                try await pool.withConnection(within: .milliseconds(milliseconds)) { _ in }
                            }
                            if error?.kind == .unavailable { order.append(milliseconds) }
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(order.numbers.sorted() == [20, 70, 120])
                #expect(pool.waitingCount == 0)
            }
        }
    }

    @Test func `a task that is cancelled while it waits leaves the line`() async throws {
        try await withPool(size: 1) { pool in
            try await pool.withConnection { _ in
                let task = Task { try await pool.query(SQLStatement("select 1")) }
                while pool.waitingCount == 0 { await Task.yield() }
                task.cancel()
                let error = await #expect(throws: SQLError.self) { try await task.value }
                #expect(error?.kind == .cancelled)
                #expect(pool.waitingCount == 0)
            }
        }
    }

    @Test func `a connection that broke while it was idle is replaced`() async throws {
        try await withPool(size: 1) { pool in
            let first = try await pool.withConnection { $0 }
            first.cut()
            while first.isOpen { await Task.yield() }
            let second = try await pool.withConnection { $0.processID }
            #expect(second != first.processID)
            #expect(pool.connectionCount == 1)
        }
    }

    @Test func `a connection that comes back inside a transaction is not lent again`() async throws {
        try await withPool(size: 1) { pool in
            let first = try await pool.withConnection { connection in
                try await connection.simple("begin")
                return connection.processID
            }
            let second = try await pool.withConnection { $0.processID }
            #expect(second != first)
        }
    }

    @Test func `a refused password is not tried again`() async throws {
        var configuration = TestCluster.configuration
        configuration.parameters["user"] = "nobody-knows"
        let pool = PostgresPool(configuration: configuration, size: 1, logger: TestCluster.logger)
        let error = await #expect(throws: SQLError.self) { try await pool.query(SQLStatement("select 1")) }
        #expect(error?.kind == .notPermitted)
        #expect(pool.connectionCount == 0)
    }

    @Test func `a database that is away is waited for until the deadline`() async throws {
        var configuration = TestCluster.configuration
        configuration.parameters["host"] = "/nonexistent"
        let pool = PostgresPool(
            configuration: configuration, size: 2, logger: TestCluster.logger, acquireTimeout: .milliseconds(200))
        let errors = await withTaskGroup(of: SQLError?.self) { group in
            for _ in 0..<5 {
                group.addTask {
                    do throws(SQLError) {
                        _ = try await pool.query(SQLStatement("select 1"))
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(errors.allSatisfy { $0?.kind == .unavailable })
        #expect(pool.connectionCount == 0)
    }

    @Test func `a closed pool turns everybody away`() async throws {
        let pool = PostgresPool(configuration: TestCluster.configuration, size: 1, logger: TestCluster.logger)
        _ = try await pool.query(SQLStatement("select 1"))
        await pool.close()
        let error = await #expect(throws: SQLError.self) { try await pool.query(SQLStatement("select 1")) }
        #expect(error?.kind == .unavailable)
    }
}
