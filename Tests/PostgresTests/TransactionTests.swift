import Postgres
import Testing
import WorkflowKit

@Suite struct TransactionTests {
    private struct Stop: Error {}

    private static let insert = SQLStatement("insert into t values (1)")
    private static let count = SQLStatement("select count(*) as n from t")

    private func withTable(_ body: (PostgresConnection) async throws -> Void) async throws {
        try await TestCluster.withConnection { connection in
            try await connection.simple("create temporary table t (a int)")
            try await body(connection)
        }
    }

    @Test func `what a transaction wrote is kept when its body returns`() async throws {
        try await withTable { connection in
            let inside = try await connection.transaction { transaction in
                try await transaction.execute(Self.insert)
                return try await transaction.query(Self.count)[0].int("n")
            }
            #expect(inside == 1)
            let kept = try await connection.query(Self.count)[0].int("n")
            #expect(kept == 1)
        }
    }

    @Test func `nothing is kept when its body throws, and the error is the body's own`() async throws {
        try await withTable { connection in
            await #expect(throws: Stop.self) {
                try await connection.transaction { transaction in
                    try await transaction.execute(Self.insert)
                    throw Stop()
                }
            }
            let kept = try await connection.query(Self.count)[0].int("n")
            #expect(kept == 0)
        }
    }

    @Test func `a body that ignores a failed statement is not committed silently`() async throws {
        try await withTable { connection in
            let error = await #expect(throws: SQLError.self) {
                try await connection.transaction { transaction in
                    try await transaction.execute(Self.insert)
                    _ = try? await transaction.query(SQLStatement("select 1 / 0"))
                }
            }
            #expect(error?.sqlState == "22012")
            let kept = try await connection.query(Self.count)[0].int("n")
            #expect(kept == 0)
        }
    }

    @Test func `isolation and read-only reach the server`() async throws {
        try await TestCluster.withConnection { connection in
            let options = TransactionOptions(isolation: .serializable, isReadOnly: true)
            let row = try await connection.transaction(options) { transaction in
                try await transaction.query(
                    SQLStatement(
                        """
                        select current_setting('transaction_isolation') as isolation,
                            current_setting('transaction_read_only') as read_only
                        """))[0]
            }
            #expect(try row.text("isolation") == "serializable")
            #expect(try row.text("read_only") == "on")
        }
    }

    @Test func `a conflict is tried again as often as allowed and no more`() async throws {
        try await TestCluster.withConnection { connection in
            let raise = SQLStatement("select pg_temp.conflict()")
            try await connection.simple(
                """
                create function pg_temp.conflict() returns void language plpgsql as
                $$ begin raise exception 'lost' using errcode = '40001'; end $$
                """)
            for retries in [0, 3] {
                let attempts = Counter()
                let error = await #expect(throws: SQLError.self) {
                    try await connection.transaction(.init(conflictRetriesMax: retries)) { transaction in
                        attempts.increment()
                        _ = try await transaction.query(raise)
                    }
                }
                #expect(error?.kind == .conflict)
                #expect(attempts.value == retries + 1)
            }
        }
    }

    @Test func `a statement beside the transaction on its own connection is refused instead of waiting for ever`()
        async throws
    {
        try await TestCluster.withConnection { connection in
            let error = await #expect(throws: SQLError.self) {
                try await connection.transaction { _ in
                    _ = try await connection.query(SQLStatement("select 1"))
                }
            }
            #expect(error?.kind == .defect)
        }
    }

    @Test func `a transaction that is kept beyond its end refuses everything`() async throws {
        try await TestCluster.withConnection { connection in
            let kept = try await connection.transaction { $0 }
            let error = await #expect(throws: SQLError.self) { try await kept.query(SQLStatement("select 1")) }
            #expect(error?.kind == .defect)
        }
    }

    @Test func `a deferred constraint that fails at the commit is reported by the commit`() async throws {
        try await TestCluster.withConnection { connection in
            try await connection.simple(
                "create temporary table t (a int constraint one_of_each unique deferrable initially deferred)")
            let error = await #expect(throws: SQLError.self) {
                try await connection.transaction { transaction in
                    try await transaction.execute(Self.insert)
                    try await transaction.execute(Self.insert)
                }
            }
            #expect(error?.kind == .rejected)
            #expect(error?.constraint == "one_of_each")
            let kept = try await connection.query(Self.count)[0].int("n")
            #expect(kept == 0)
        }
    }

    @Test func `losing the link before the commit leaves no doubt`() async throws {
        try await TestCluster.withConnection { connection in
            let error = await #expect(throws: SQLError.self) {
                try await connection.transaction { transaction in
                    connection.cut()
                    _ = try await transaction.query(SQLStatement("select 1"))
                }
            }
            #expect(error?.kind == .unavailable)
            #expect(!connection.isOpen)
        }
    }

    /// The server is kept from answering the commit by a lock that a trigger waits for at the commit.
    @Test func `losing the link after the commit was sent is an unknown outcome`() async throws {
        try await TestCluster.withConnection { holder in
            try await TestCluster.withConnection { connection in
                try await holder.simple("begin; select pg_advisory_lock(815)")
                try await connection.simple(
                    """
                    create temporary table t (a int);
                    create function pg_temp.wait() returns trigger language plpgsql as
                        $$ begin perform pg_advisory_lock(815); return new; end $$;
                    create constraint trigger late after insert on t deferrable initially deferred
                        for each row execute function pg_temp.wait();
                    """)
                let processID = connection.processID
                async let failure = #expect(throws: SQLError.self) {
                    try await connection.transaction { try await $0.execute(Self.insert) }
                }
                try await TestCluster.wait(
                    until: SQLStatement(
                        "select 1 from pg_locks where pid = $1 and not granted", .int4(processID)), on: holder)
                connection.cut()
                #expect(await failure?.kind == .outcomeUnknown)
            }
        }
    }
}
