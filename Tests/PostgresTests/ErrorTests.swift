import Testing
import WorkflowKit

@testable import Postgres

@Suite struct ErrorTests {
    @Test(
        arguments: [
            ("40001", .conflict), ("40P01", .conflict), ("55P03", .conflict), ("53100", .unavailable),
            ("53300", .unavailable), ("57P01", .unavailable), ("57P02", .unavailable), ("57P03", .unavailable),
            ("08006", .unavailable), ("57014", .cancelled), ("23505", .rejected), ("22P02", .rejected),
            ("42501", .notPermitted), ("28P01", .notPermitted), ("25006", .unavailable), ("42601", .defect),
            ("42P01", .defect), ("P0001", .rejected), ("0A000", .defect), ("40003", .outcomeUnknown),
            ("54000", .rejected), ("3D000", .rejected), ("58030", .unavailable),
        ] as [(String, SQLError.Kind)])
    func `the kind follows from the server's code`(sqlState: String, kind: SQLError.Kind) {
        let error = SQLError(ServerError(sqlState: sqlState, message: "why"), statement: "s")
        #expect(error.kind == kind)
        #expect(error.sqlState == sqlState)
        #expect(error.statement == "s")
    }

    @Test(arguments: ["22P02", "23505", "23514", "23502"])
    func `what the server quotes from the data is left out`(sqlState: String) {
        let error = SQLError(
            ServerError(sqlState: sqlState, message: "bad value: \"secret\"", constraint: "rule", column: "name"),
            statement: nil)
        #expect(!error.description.contains("secret"))
        #expect(error.constraint == "rule")
    }

    @Test func `an error that our own functions raise keeps its message`() async throws {
        let error = await failure(of: "do $$ begin raise exception 'the case is closed'; end $$")
        #expect(error?.kind == .rejected)
        #expect(error?.message == "the case is closed")
        #expect(error?.sqlState == "P0001")
    }

    @Test func `a broken constraint is named`() async throws {
        let error = await failure(
            of: "create temporary table person (age int constraint age_sane check (age < 200)); "
                + "insert into person values (777)")
        #expect(error?.constraint == "age_sane")
        #expect(error?.message.contains("777") == false)
    }

    @Test func `a statement that is wrong names itself, so that the log says where to look`() async throws {
        try await TestCluster.withConnection { connection in
            let error = await #expect(throws: SQLError.self) {
                try await connection.query(SQLStatement("select nothing from nowhere", name: "FindNothing"))
            }
            #expect(error?.kind == .defect)
            #expect(error?.statement == "FindNothing")
            #expect(error?.sqlState == "42P01")
        }
    }

    @Test func `a lock that is not granted in time is a conflict`() async throws {
        try await TestCluster.withConnection { holder in
            try await TestCluster.withConnection { connection in
                try await holder.simple("begin; select pg_advisory_lock(4711)")
                try await connection.simple("set lock_timeout to '20ms'")
                let error = await #expect(throws: SQLError.self) {
                    try await connection.query(SQLStatement("select pg_advisory_lock(4711)"))
                }
                #expect(error?.kind == .conflict)
            }
        }
    }

    private func failure(of script: String) async -> SQLError? {
        await #expect(throws: SQLError.self) {
            try await TestCluster.withConnection { try await $0.simple(script) }
        }
    }
}
