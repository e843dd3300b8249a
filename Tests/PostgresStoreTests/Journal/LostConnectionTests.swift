import Glibc
import Postgres
import PostgresStore
import Synchronization
import TestSupport
import Testing
import WorkflowCore
import WorkflowEngine
import WorkflowKit

/// Commits whose connection is lost while the server has not even begun with them.
@Suite struct LostConnectionTests {
    @Test func `what is found missing after a connection was lost is never written by what is left of it`() async throws
    {
        try await StoreFixture.with { fixture in
            let pipeline = PostgresPipeline(configuration: fixture.configuration, logger: TestCluster.logger)
            let journal = PostgresJournal(pipeline: pipeline, pool: fixture.pool)
            let incarnation = try await Self.join(fixture.pool)
            let (first, second) = (Self.start(number: 0), Self.start(number: 1))
            _ = try await journal.commit(first, by: incarnation)

            // The server's process stands still, so the second commit waits unread in its socket.
            let server = try #require(pipeline.processID)
            kill(server, SIGSTOP)
            defer { kill(server, SIGCONT) }
            let commit = Task.immediate { () -> StoreError.Kind? in
                do throws(StoreError) {
                    _ = try await journal.commit(second, by: incarnation)
                    return nil
                } catch {
                    return error.kind
                }
            }
            pipeline.cut()
            #expect(await commit.value == .outcomeUnknown)

            let isAsked = Mutex(false)
            let outcome = Task {
                defer { isAsked.withLock { $0 = true } }
                return try await journal.outcome(ofUnacknowledged: second, by: incarnation)
            }
            try await Self.awaitEnding(fixture.pool) { isAsked.withLock { $0 } }
            kill(server, SIGCONT)
            let isCommitted = try await outcome.value != nil
            try await Self.awaitEnd(of: server, fixture.pool)
            let isThere = try await journal.hasEntry(second.segments[0].run, seq: 0, by: incarnation)
            #expect(isThere == isCommitted)
            #expect(try await journal.hasEntry(first.segments[0].run, seq: 0, by: incarnation))
            await pipeline.close()
        }
    }

    @Test func `no commit overtakes what a lost connection has left unread`() async throws {
        try await StoreFixture.with { fixture in
            let pipeline = PostgresPipeline(configuration: fixture.configuration, logger: TestCluster.logger)
            let journal = PostgresJournal(pipeline: pipeline, pool: fixture.pool)
            let incarnation = try await Self.join(fixture.pool)
            let batches = (0..<3).map { Self.start(number: $0) }
            _ = try await journal.commit(batches[0], by: incarnation)
            let server = try #require(pipeline.processID)
            kill(server, SIGSTOP)
            defer { kill(server, SIGCONT) }
            let lost = Task.immediate { try? await journal.commit(batches[1], by: incarnation) }
            pipeline.cut()
            #expect(await lost.value == nil)

            let isDone = Mutex(false)
            let next = Task {
                defer { isDone.withLock { $0 = true } }
                _ = try await journal.commit(batches[2], by: incarnation)
                return try await Self.isThere(server, fixture.pool)
            }
            try await Self.awaitEnding(fixture.pool) { isDone.withLock { $0 } }
            kill(server, SIGCONT)
            #expect(try await !next.value)
            await pipeline.close()
        }
    }

    /// Returns when somebody waits for the end of a session, or `isDone`.
    private static func awaitEnding(_ pool: PostgresPool, or isDone: () -> Bool) async throws {
        while !isDone() {
            let rows = try await pool.query(
                SQLStatement(
                    """
                    select exists (
                        select from pg_stat_activity
                        where query like '-- EndSession%' and state = 'active' and pid <> pg_backend_pid()
                    ) as answer
                    """))
            if try rows[0].bool("answer") { return }
            await Task.yield()
        }
    }

    private static func isThere(_ server: Int32, _ pool: PostgresPool) async throws -> Bool {
        try await pool.query(
            SQLStatement("select exists (select from pg_stat_activity where pid = $1) as answer", .int4(server)))[0]
            .bool("answer")
    }

    private static let now = Timestamp(microsecondsSince1970: 1_767_225_600_000_000)

    private static func start(number: Int) -> Batch {
        var random = SplitMix(seed: UInt64(number))
        let id = RunID(at: now, slot: HashSlot(7), using: &random)
        let record = StartRecord(workflow: "test.lost", version: 1, input: Array("{}".utf8), seed: 1)
        var batch = Batch()
        batch.created.append(RunRow(id: id, workflow: "test.lost", version: 1, state: .active))
        batch.segments.append(
            Batch.Segment(run: id, entries: [JournalEntry(seq: 0, at: now, fact: .started(record))]))
        return batch
    }

    private static func join(_ pool: PostgresPool) async throws -> Int64 {
        _ = try await pool.query(
            SQLStatement("select holdfast.make_partitions($1, 2)", .date(now.utcDay)))
        let rows = try await pool.query(
            SQLStatement(
                """
                insert into holdfast.incarnation (node, build, session_name, lease_until)
                values ('test', 'test', 'test', now() + interval '1 day')
                returning incarnation_id
                """))
        return Int64(try rows[0].int("incarnation_id"))
    }

    private static func awaitEnd(of server: Int32, _ pool: PostgresPool) async throws {
        while try await isThere(server, pool) { await Task.yield() }
    }
}
