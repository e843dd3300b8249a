import Foundation
import Postgres
import PostgresStore
import Simulation
import TestSupport
import Testing
import WorkflowCore
import WorkflowEngine
import WorkflowKit

/// The histories that the engine lives through in memory, on the store that servers use.
@Suite struct SimulationOnPostgresTests {
    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    @Test func `the same histories on PostgreSQL lose, double and swap nothing`() async throws {
        let first = Self.number("HOLDFAST_SEED") ?? UInt64.random(in: 1...1_000_000_000)
        let count = Self.number("HOLDFAST_STORE_HISTORIES") ?? 20
        print("seeds from HOLDFAST_SEED=\(first), \(count) histories")
        try await StoreFixture.with { fixture in
            let store = try await SimulatedPostgresStore(fixture.pool, fixture.configuration)
            for seed in first..<(first + count) {
                try await store.clear()
                var settings = HistorySettings(seed: seed)
                settings.isTraced = true
                let history = try await World(store, settings).run()
                #expect(history.violations.isEmpty, "\(history)")
            }
            await store.close()
        }
    }
}

/// The engine's store on PostgreSQL, with what a simulated world wants to see of it.
final class SimulatedPostgresStore: SimulatedStore {
    private let pool: PostgresPool
    private let pipeline: PostgresPipeline
    private let journal: PostgresJournal
    private let reader: PostgresRunReader

    init(_ pool: PostgresPool, _ configuration: PostgresConfiguration) async throws {
        self.pool = pool
        pipeline = PostgresPipeline(configuration: configuration, logger: TestCluster.logger)
        journal = PostgresJournal(pipeline: pipeline, pool: pool)
        reader = PostgresRunReader(pool: pool)
        // The virtual clock of a history begins at a fixed day and goes on for some.
        _ = try await pool.query(
            SQLStatement("select holdfast.make_partitions($1, 12)", .date(Self.firstDay - 1)))
        _ = try await pool.execute(
            SQLStatement(
                """
                create table public.ledger
                    (number bigint generated always as identity, run uuid, label text, value bigint)
                """))
    }

    /// The day on which the virtual clock of every history begins.
    private static let firstDay = Timestamp(microsecondsSince1970: 1_767_225_600_000_000).utcDay

    func close() async { await pipeline.close() }

    /// Forgets everything.
    func clear() async throws {
        _ = try await pool.execute(
            SQLStatement(
                """
                truncate holdfast.run, holdfast.journal, holdfast.run_closed, holdfast.inbox, holdfast.event,
                    public.ledger restart identity
                """))
    }

    func newIncarnation() async throws -> Int64 {
        let rows = try await pool.query(
            SQLStatement(
                """
                insert into holdfast.incarnation (node, build, session_name, lease_until)
                values ('simulated', 'simulated', 'simulated', now() + interval '1 day')
                returning incarnation_id
                """))
        return Int64(try rows[0].int("incarnation_id"))
    }

    func fence(_ incarnation: Int64) async throws {
        try await pool.transaction { transaction in
            _ = try await transaction.query(
                SQLStatement("select pg_advisory_xact_lock(1213154884, $1)", .int4(Int32(incarnation))))
            try await transaction.execute(
                SQLStatement(
                    "update holdfast.incarnation set state = 'fenced' where incarnation_id = $1", .int8(incarnation)))
        }
    }

    func allRuns() async throws -> [RunID] {
        try await pool.query(SQLStatement("select distinct run_id from holdfast.journal order by run_id")).map {
            RunID(try $0.uuid("run_id"))
        }
    }

    func journal(_ run: RunID) async throws -> [JournalEntry] {
        try await reader.history(run, after: nil, limit: Int(Int32.max)) ?? []
    }

    func closed(_ run: RunID) async throws -> Batch.Closed? {
        guard let view = try await reader.run(run), view.status.isEnd, let outcome = view.outcome else { return nil }
        let row = RunRow(
            id: run, workflow: view.workflow, version: view.version, state: .active, queue: view.queue, key: view.key,
            parent: view.parent)
        return Batch.Closed(row: row, outcome: outcome, at: view.finishedAt ?? .distantPast, wasOpen: true)
    }

    func allOpenRows() async throws -> [RunRow] {
        try await openRuns(in: .all, after: nil, limit: 100_000).sorted { $0.id < $1.id }
    }

    func allMessages() async throws -> [StoredMessage] { try await messages(in: .all, after: 0, limit: 100_000) }

    func ledger() async throws -> [LedgerEntry] {
        try await pool.query(SQLStatement("select run, label, value from public.ledger order by number")).map {
            LedgerEntry(run: RunID(try $0.uuid("run")), label: try $0.text("label"), value: Int64(try $0.int("value")))
        }
    }

    func allEvents() async throws -> [Batch.Event] {
        let rows = try await pool.query(
            SQLStatement(
                "select run_id, type, data from holdfast.event where type <> 'run.ended' order by event_id"))
        return try rows.map { row in
            Batch.Event(run: RunID(try row.uuid("run_id")), type: try row.text("type"), data: try row.bytes("data"))
        }
    }

    // MARK: Store

    nonisolated(nonsending) func commit(_ batch: Batch, by incarnation: Int64) async throws(StoreError) -> Committed {
        try await journal.commit(batch, by: incarnation)
    }

    func transaction<Result: Sendable>(
        by incarnation: Int64, _ body: @Sendable (any Transaction) async throws -> (Batch, Result)
    ) async throws -> Result {
        try await journal.transaction(by: incarnation, body)
    }

    func hasEntry(_ run: RunID, seq: Int32, by incarnation: Int64) async throws(StoreError) -> Bool {
        try await journal.hasEntry(run, seq: seq, by: incarnation)
    }

    func load(_ runs: [RunID]) async throws(StoreError) -> [RunID: LoadedRun] { try await journal.load(runs) }

    func openRuns(in range: SlotRange, after: RunID?, limit: Int) async throws(StoreError) -> [RunRow] {
        try await journal.openRuns(in: range, after: after, limit: limit)
    }

    func dueRuns(in range: SlotRange, from: Timestamp, until: Timestamp) async throws(StoreError) -> [RunRow] {
        try await journal.dueRuns(in: range, from: from, until: until)
    }

    func messages(in range: SlotRange, after: Int64, limit: Int) async throws(StoreError) -> [StoredMessage] {
        try await journal.messages(in: range, after: after, limit: limit)
    }

    func post(_ message: Batch.Message) async throws(StoreError) -> PostResult { try await journal.post(message) }
}
