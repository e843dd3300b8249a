import Postgres
import Testing
import WorkflowKit

@Suite struct CopyTests {
    private struct Stop: Error {}

    private static let copy = SQLStatement("copy t from stdin")
    private static let count = SQLStatement("select count(*) as n from t")

    private func withTable(_ body: (PostgresConnection) async throws -> Void) async throws {
        try await TestCluster.withConnection { connection in
            try await connection.simple("create temporary table t (a int, b text)")
            try await body(connection)
        }
    }

    /// `count` lines, then the end or an error.
    private func lines(_ count: Int, thenThrow error: (any Error)? = nil) -> AsyncThrowingStream<[UInt8], any Error> {
        let counter = Counter()
        return AsyncThrowingStream {
            let line = counter.increment()
            if line <= count { return Array("\(line)\tname \(line)\n".utf8) }
            if let error { throw error }
            return nil
        }
    }

    @Test func `every row arrives, however much more than the socket's buffer it is`() async throws {
        try await withTable { connection in
            let copied = try await connection.copyIn(Self.copy, rows: lines(50_000))
            #expect(copied == 50_000)
            let kept = try await connection.query(Self.count)[0].int("n")
            #expect(kept == 50_000)
        }
    }

    @Test func `nothing is kept when the rows end with an error`() async throws {
        try await withTable { connection in
            let error = await #expect(throws: SQLError.self) {
                try await connection.copyIn(Self.copy, rows: lines(10, thenThrow: Stop()))
            }
            #expect(error?.kind == .rejected)
            #expect(error?.message.contains("Stop") == true)
            let kept = try await connection.query(Self.count)[0].int("n")
            #expect(kept == 0)
        }
    }

    @Test func `a row that does not fit is refused without being repeated`() async throws {
        try await withTable { connection in
            let error = await #expect(throws: SQLError.self) {
                try await connection.copyIn(
                    Self.copy,
                    rows: AsyncThrowingStream {
                        $0.yield(Array("secret\tx\n".utf8))
                        $0.finish()
                    })
            }
            #expect(error?.kind == .rejected)
            #expect(error?.description.contains("secret") == false)
            let kept = try await connection.query(Self.count)[0].int("n")
            #expect(kept == 0)
        }
    }

    @Test func `a copy belongs to its transaction`() async throws {
        try await withTable { connection in
            let rows = lines(10)
            await #expect(throws: Stop.self) {
                try await connection.transaction { transaction in
                    let copied = try await transaction.copyIn(Self.copy, rows: rows)
                    #expect(copied == 10)
                    throw Stop()
                }
            }
            let kept = try await connection.query(Self.count)[0].int("n")
            #expect(kept == 0)
        }
    }

    @Test func `a statement that does not copy is refused`() async throws {
        try await withTable { connection in
            let error = await #expect(throws: SQLError.self) {
                try await connection.copyIn(Self.count, rows: lines(1))
            }
            #expect(error?.kind == .defect)
        }
    }
}
