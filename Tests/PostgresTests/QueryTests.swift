import Postgres
import Testing
import WorkflowKit

@Suite struct QueryTests {
    @Test func `a query returns its rows by column name`() async throws {
        let rows = try await TestCluster.withConnection { connection in
            try await connection.query(
                SQLStatement("select n, n * 2 as double from generate_series(1, $1) n", .int4(3)))
        }
        #expect(try rows.map { try $0.int("n") } == [1, 2, 3])
        #expect(try rows.map { try $0.int("double") } == [2, 4, 6])
    }

    @Test func `execute returns how many rows it changed`() async throws {
        let changed = try await TestCluster.withConnection { connection in
            try await connection.simple("create temporary table t (a int)")
            try await connection.execute(SQLStatement("insert into t select generate_series(1, 5)"))
            return try await connection.execute(SQLStatement("delete from t where a > $1", .int4(3)))
        }
        #expect(changed == 2)
    }

    @Test func `statements of several tasks take turns on one connection`() async throws {
        try await TestCluster.withConnection { connection in
            let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 1...50 {
                    group.addTask {
                        try await connection.query(SQLStatement("select $1 as n", .int8(Int64(number))))[0].int("n")
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(sum == 1_275)
        }
    }

    @Test func `text with U+0000 is refused before it is sent`() async throws {
        try await TestCluster.withConnection { connection in
            let error = await #expect(throws: SQLError.self) {
                try await connection.query(SQLStatement("select $1", .text("a\u{0}b")))
            }
            #expect(error?.kind == .rejected)
            #expect(error?.sqlState == nil)
            let rows = try await connection.query(SQLStatement("select 1 as one"))
            #expect(try rows[0].int("one") == 1)
        }
    }

    @Test func `a parameter that is null at first takes its type later`() async throws {
        let statement = { (value: SQLValue) in SQLStatement("select $1::int8 is null as missing", value) }
        try await TestCluster.withConnection { connection in
            for value in [SQLValue.null, .int8(1), .null, .int4(1), .int8(7)] {
                let isMissing = try await connection.query(statement(value))[0].bool("missing")
                #expect(isMissing == (value == .null))
            }
        }
    }

    @Test func `a prepared statement survives a change of its result's type`() async throws {
        let select = SQLStatement("select * from t")
        try await TestCluster.withConnection { connection in
            try await connection.simple("create temporary table t (a int); insert into t values (1)")
            #expect(try await connection.query(select)[0].values == [.int4(1)])
            try await connection.simple("alter table t alter a type text, add b bool")
            #expect(try await connection.query(select)[0].values == [.text("1"), .null])
        }
    }

    @Test func `a change of the schema inside a transaction is a conflict, which its repetition settles`()
        async throws
    {
        let select = SQLStatement("select * from t")
        try await TestCluster.withConnection { connection in
            try await connection.simple("create temporary table t (a int); insert into t values (1)")
            _ = try await connection.query(select)
            try await connection.simple("alter table t add b bool")
            let attempts = Counter()
            let rows = try await connection.transaction(.init(conflictRetriesMax: 1)) { transaction in
                attempts.increment()
                return try await transaction.query(select)
            }
            #expect(rows[0].values == [.int4(1), .null])
            #expect(attempts.value == 2)
        }
    }

    @Test func `the server keeps no more prepared statements than the bound`() async throws {
        try await TestCluster.withConnection { connection in
            for number in 1...300 {
                let text = "select \(number) as n"
                let rows = try await connection.query(SQLStatement(uncheckedText: text, name: "number"))
                #expect(try rows[0].int("n") == number)
            }
            // The last ones are evicted by the statement that counts, and freed by the one after it.
            let count = SQLStatement("select count(*) as n from pg_prepared_statements")
            _ = try await connection.query(count)
            _ = try await connection.query(SQLStatement("select 0"))
            #expect(try await connection.query(count)[0].int("n") <= 257)
        }
    }

    @Test func `a script runs all of its statements or none`() async throws {
        try await TestCluster.withConnection { connection in
            try await connection.simple("create temporary table t (a int unique)")
            let error = await #expect(throws: SQLError.self) {
                try await connection.simple("insert into t values (1); insert into t values (1)")
            }
            #expect(error?.kind == .rejected)
            #expect(error?.constraint == "t_a_key")
            #expect(try await connection.query(SQLStatement("select * from t")).isEmpty)
        }
    }
}
