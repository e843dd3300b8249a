import Postgres
import Testing
import WorkflowKit

@Suite struct GroupCommitWriterTests {
    /// A writer into a table of its own, which refuses negative numbers.
    private func withWriter(
        lanes: Int = 1, itemsPerLane: Int = 128,
        _ body: (GroupCommitWriter<Int32, Int>, PostgresConnection, [PostgresPipeline]) async throws -> Void
    ) async throws {
        let table = "written_\(UInt32.random(in: 0 ... .max))"
        let connection = try await TestCluster.connect()
        try await connection.simple(
            "create table \(table) (n int constraint not_negative check (n >= 0), xid xid8 default pg_current_xact_id())"
        )
        let pipelines = (0..<lanes).map { _ in
            PostgresPipeline(configuration: TestCluster.configuration, logger: TestCluster.logger)
        }
        let writer = GroupCommitWriter<Int32, Int>(lanes: pipelines, itemsPerLane: itemsPerLane) {
            items throws(SQLError) in
            [
                SQLStatement(
                    uncheckedText: "insert into \(table) (n) select * from unnest($1) returning n", name: "insert",
                    parameters: [.int4Array(items)])
            ]
        } read: { _, answers throws(SQLError) in
            var numbers: [Int] = []
            for row in answers[0].rows { numbers.append(try row.int("n")) }
            return numbers
        }
        try await connection.simple("create or replace view pg_temp.written as select * from \(table)")
        try await body(writer, connection, pipelines)
        await writer.close()
        for pipeline in pipelines { await pipeline.close() }
        try await connection.simple("drop table \(table) cascade")
        await connection.close()
    }

    private static let counts = SQLStatement(
        "select count(*) as rows, count(distinct xid) as commits from pg_temp.written")

    @Test(arguments: [1, 3])
    func `every caller gets the answer to its own item, over few commits`(lanes: Int) async throws {
        try await withWriter(lanes: lanes, itemsPerLane: 20) { writer, connection, _ in
            let callers = Int32(500)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<callers {
                    group.addTask {
                        let written = try await writer.submit(number)
                        #expect(written == Int(number))
                    }
                }
                try await group.waitForAll()
            }
            let row = try await connection.query(Self.counts)[0]
            #expect(try row.int("rows") == 500)
            #expect(try row.int("commits") < 250)
        }
    }

    @Test func `an item that the database refuses fails alone`() async throws {
        try await withWriter { writer, connection, _ in
            let failures = await withTaskGroup(of: (Int32, SQLError?).self) { group in
                for number in 0..<Int32(100) {
                    group.addTask {
                        let item = number % 10 == 0 ? -number - 1 : number
                        do throws(SQLError) {
                            _ = try await writer.submit(item)
                            return (number, nil)
                        } catch {
                            return (number, error)
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            for (number, error) in failures {
                #expect((error?.constraint == "not_negative") == (number % 10 == 0))
            }
            let kept = try await connection.query(Self.counts)[0].int("rows")
            #expect(kept == 90)
        }
    }

    @Test func `items of one lane are written in their order`() async throws {
        try await withWriter(lanes: 3) { writer, connection, _ in
            for number in 0..<Int32(50) { _ = try await writer.submit(number, lane: 2) }
            let rows = try await connection.query(SQLStatement("select n from pg_temp.written order by xid"))
            #expect(try rows.map { try $0.int("n") } == Array(0..<50))
        }
    }

    @Test func `a task that is cancelled takes its item back as long as it was not sent`() async throws {
        try await withWriter { writer, connection, _ in
            // The writer's only lane waits for this lock, so what comes next waits for the lane.
            try await connection.simple("begin; lock table pg_temp.written in exclusive mode")
            let first = Task { try await writer.submit(1) }
            try await TestCluster.withConnection { observer in
                try await TestCluster.wait(
                    until: SQLStatement(
                        "select 1 from pg_locks where not granted and $1 = any(pg_blocking_pids(pid))",
                        .int4(connection.processID)), on: observer)
            }
            let second = Task { try await writer.submit(2) }
            while writer.waitingCount == 0 { await Task.yield() }
            second.cancel()
            let error = await #expect(throws: SQLError.self) { try await second.value }
            #expect(error?.kind == .cancelled)
            #expect(writer.waitingCount == 0)
            try await connection.simple("commit")
            let written = try await first.value
            #expect(written == 1)
        }
    }

    @Test func `a lost connection fails the items that were under way and no others`() async throws {
        try await withWriter { writer, _, pipelines in
            _ = try await writer.submit(1)
            pipelines[0].cut()
            var written = 0
            while written == 0 { written = (try? await writer.submit(2)) ?? 0 }
            #expect(written == 2)
        }
    }

    @Test func `a closed writer refuses items and has written all it took`() async throws {
        try await withWriter { writer, connection, _ in
            let tasks = (0..<Int32(20)).map { number in Task { try await writer.submit(number) } }
            while writer.waitingCount == 0 { await Task.yield() }
            await writer.close()
            var taken = 0
            for task in tasks where (try? await task.value) != nil { taken += 1 }
            let kept = try await connection.query(Self.counts)[0].int("rows")
            #expect(kept == taken)
            let error = await #expect(throws: SQLError.self) { try await writer.submit(1) }
            #expect(error?.kind == .unavailable)
        }
    }
}
