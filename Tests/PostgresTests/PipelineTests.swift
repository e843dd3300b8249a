import Postgres
import Testing
import WorkflowKit

@Suite struct PipelineTests {
    private func withPipeline(_ body: (PostgresPipeline) async throws -> Void) async throws {
        let pipeline = PostgresPipeline(configuration: TestCluster.configuration, logger: TestCluster.logger)
        do {
            try await body(pipeline)
        } catch {
            await pipeline.close()
            throw error
        }
        await pipeline.close()
    }

    private func createTable(_ name: String, _ pipeline: PostgresPipeline) async throws {
        _ = try await pipeline.submit([
            SQLStatement(
                uncheckedText: "create temporary table \(name) (a int constraint a_once unique, b text)",
                name: "create",
                isPrepared: false)
        ])
    }

    private func numbers(_ pipeline: PostgresPipeline) async throws -> [Int] {
        try await pipeline.submit([SQLStatement("select a from t order by a")])[0].map { try $0.int("a") }
    }

    @Test func `each statement of a batch gets its own rows`() async throws {
        try await withPipeline { pipeline in
            let answers = try await pipeline.answers(to: [
                SQLStatement("select 1 as n"), SQLStatement("select n from generate_series(1, 3) n"),
                SQLStatement("select 1 as n where false"), SQLStatement("select $1 as n", .int4(7)),
            ])
            #expect(try answers.map { try $0.rows.map { try $0.int("n") } } == [[1], [1, 2, 3], [], [7]])
            #expect(answers.map(\.affectedRows) == [1, 3, 0, 1])
        }
    }

    @Test func `a batch is one transaction`() async throws {
        try await withPipeline { pipeline in
            let id = SQLStatement("select pg_current_xact_id()::text as id")
            let rows = try await pipeline.submit([id, id])
            let later = try await pipeline.submit([id])
            #expect(rows[0][0]["id"] == rows[1][0]["id"])
            #expect(rows[0][0]["id"] != later[0][0]["id"])
        }
    }

    @Test func `an error undoes its batch, names the statement and leaves the next batch alone`() async throws {
        try await withPipeline { pipeline in
            try await createTable("t", pipeline)
            let insert = { (a: Int32) in SQLStatement("insert into t values ($1)", name: "InsertA", .int4(a)) }
            let good = [insert(1), insert(2)]
            let bad = [insert(3), insert(1), insert(4)]
            _ = try await pipeline.submit(good)
            let error = await #expect(throws: SQLError.self) { try await pipeline.submit(bad) }
            #expect(error?.kind == .rejected)
            #expect(error?.constraint == "a_once")
            #expect(error?.statement == "InsertA")
            #expect(error?.message.hasPrefix("statement 2 of 3: ") == true)
            _ = try await pipeline.submit([insert(5)])
            #expect(try await numbers(pipeline) == [1, 2, 5])
        }
    }

    @Test func `batches that are under way together get their own answers, whichever of them fail`() async throws {
        try await withPipeline { pipeline in
            try await createTable("t", pipeline)
            let outcomes = await withTaskGroup(of: (Int, Result<Int, SQLError>).self) { group in
                for number in 1...200 {
                    group.addTask {
                        // Every third batch fails in its second statement.
                        let divisor: Int32 = number % 3 == 0 ? 0 : 1
                        do throws(SQLError) {
                            let rows = try await pipeline.submit([
                                SQLStatement("insert into t values ($1) returning a", .int4(Int32(number))),
                                SQLStatement("select $1 / $2 as a", .int4(Int32(number)), .int4(divisor)),
                            ])
                            let first = try rows[0][0].int("a")
                            let second = try rows[1][0].int("a")
                            return (number, .success(first == second ? first : -1))
                        } catch {
                            return (number, .failure(error))
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            for (number, outcome) in outcomes {
                switch outcome {
                case .success(let value): #expect(value == number && number % 3 != 0)
                case .failure(let error): #expect(error.sqlState == "22012" && number % 3 == 0)
                }
            }
            #expect(try await numbers(pipeline) == (1...200).filter { $0 % 3 != 0 })
        }
    }

    @Test func `a constraint that fails at the commit fails the batch`() async throws {
        try await withPipeline { pipeline in
            _ = try await pipeline.submit([
                SQLStatement("create temporary table d (a int constraint late unique deferrable initially deferred)")
            ])
            let insert = SQLStatement("insert into d values (1)")
            let error = await #expect(throws: SQLError.self) { try await pipeline.submit([insert, insert]) }
            #expect(error?.constraint == "late")
            let rows = try await pipeline.submit([SQLStatement("select * from d")])
            #expect(rows[0].isEmpty)
        }
    }

    @Test func `a value that cannot be sent spoils nothing`() async throws {
        try await withPipeline { pipeline in
            let error = await #expect(throws: SQLError.self) {
                try await pipeline.submit([SQLStatement("select 1"), SQLStatement("select $1", .text("\u{0}"))])
            }
            #expect(error?.kind == .rejected)
            let copy = await #expect(throws: SQLError.self) {
                try await pipeline.submit([SQLStatement("copy t from stdin")])
            }
            #expect(copy?.kind == .defect)
            let rows = try await pipeline.submit([SQLStatement("select 1 as n")])
            #expect(try rows[0][0].int("n") == 1)
        }
    }

    @Test func `prepared statements survive a change of the schema under them`() async throws {
        try await withPipeline { pipeline in
            let select = SQLStatement("select * from t")
            try await createTable("t", pipeline)
            _ = try await pipeline.submit([SQLStatement("insert into t values (1, 'x')"), select])
            _ = try await pipeline.submit([SQLStatement("alter table t drop column b")])
            let rows = try await pipeline.submit([SQLStatement("insert into t values (2)"), select])
            // Sent twice, kept once.
            #expect(rows[1].map(\.values) == [[.int4(1)], [.int4(2)]])
        }
    }

    @Test func `a batch that is larger than the socket's buffers passes in both directions`() async throws {
        try await withPipeline { pipeline in
            let text = String(repeating: "x", count: 200_000)
            let batch = (0..<30).map { _ in SQLStatement("select $1 as text", .text(text)) }
            let rows = try await pipeline.submit(batch)
            #expect(rows.count == 30)
            #expect(try rows.allSatisfy { try $0[0].text("text").utf8.count == 200_000 })
        }
    }

    @Test func `a lost connection is replaced for the next batch`() async throws {
        try await withPipeline { pipeline in
            let own = SQLStatement("select pg_backend_pid() as pid")
            let first = try await pipeline.submit([own])[0][0].int("pid")
            pipeline.cut()
            var second = first
            while second == first {
                // The batch may still go out on the connection that is about to be found broken.
                second = (try? await pipeline.submit([own])[0][0].int("pid")) ?? first
            }
            #expect(second != first)
        }
    }

    @Test func `losing the connection while a batch is carried out is an unknown outcome`() async throws {
        try await TestCluster.withConnection { observer in
            try await withPipeline { pipeline in
                _ = try await pipeline.submit([SQLStatement("select 1")])
                let task = Task { try await pipeline.submit([SQLStatement("select pg_sleep(3600)")]) }
                let processID = try #require(pipeline.processID)
                try await TestCluster.wait(
                    until: SQLStatement(
                        "select 1 from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'", .int4(processID)),
                    on: observer)
                pipeline.cut()
                let error = await #expect(throws: SQLError.self) { try await task.value }
                #expect(error?.kind == .outcomeUnknown)
                _ = try await observer.query(SQLStatement("select pg_terminate_backend($1)", .int4(processID)))
            }
        }
    }

    @Test func `a session that is ended inside a batch leaves no doubt, neither for the batches behind it`()
        async throws
    {
        try await TestCluster.withConnection { observer in
            try await withPipeline { pipeline in
                _ = try await pipeline.submit([SQLStatement("select 1")])
                let processID = try #require(pipeline.processID)
                let first = Task {
                    try await pipeline.submit([SQLStatement("select pg_sleep(3600)"), SQLStatement("select 1")])
                }
                try await TestCluster.wait(
                    until: SQLStatement(
                        "select 1 from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'", .int4(processID)),
                    on: observer)
                let second = Task { try await pipeline.submit([SQLStatement("select 2 as n")]) }
                _ = try await observer.query(SQLStatement("select pg_terminate_backend($1)", .int4(processID)))
                let error = await #expect(throws: SQLError.self) { try await first.value }
                #expect(error?.kind == .unavailable)
                #expect(error?.sqlState == "57P01")
                // It went out before the end, or over the next connection.
                switch await second.result {
                case .success(let rows): #expect(try rows[0][0].int("n") == 2)
                case .failure(let error): #expect((error as? SQLError)?.kind == .unavailable)
                }
            }
        }
    }

    @Test func `a database that is away is waited for until patience ends`() async throws {
        var configuration = TestCluster.configuration
        configuration.parameters["host"] = "/nonexistent"
        let pipeline = PostgresPipeline(
            configuration: configuration, logger: TestCluster.logger, connectPatience: .milliseconds(50))
        let error = await #expect(throws: SQLError.self) { try await pipeline.submit([SQLStatement("select 1")]) }
        #expect(error?.kind == .unavailable)
    }
}
