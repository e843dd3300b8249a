import Postgres
import PostgresStore
import TestSupport
import Testing
import WorkflowCore
import WorkflowEngine
import WorkflowKit

/// Partitions of days long gone by, on a real server.
@Suite struct RetentionTests {
    private static let day: Int64 = 86_400_000_000

    /// Today, as the database has it, and what is kept for ten days.
    private struct House {
        let schedules: ScheduleFixture
        let store: PostgresMaintenance
        let keeper: Keeper
        let today: Int32

        var pool: PostgresPool { schedules.pool }

        static func with(carryMax: Int32 = 1_000, _ body: (House) async throws -> Void) async throws {
            try await ScheduleFixture.with { fixture in
                let store = PostgresMaintenance(pool: fixture.pool)
                let keeper = Keeper(
                    retention: Retention(keepClosed: .seconds(10 * 86_400), daysAhead: 3, carryMax: carryMax),
                    store: store, logger: TestCluster.logger)
                try await body(
                    House(schedules: fixture, store: store, keeper: keeper, today: fixture.now.utcDay))
            }
        }

        /// Starts runs that were created so many days ago, as far as the store can tell.
        func start(_ count: Int, daysAgo: Int32) async throws -> [RunID] {
            _ = try await store.makePartitions(from: today - daysAgo, count: 1)
            let journal = PostgresInlineStore()
            let at = Timestamp(microsecondsSince1970: Int64(today - daysAgo) * RetentionTests.day + 1)
            return try await pool.transaction { transaction in
                var batch = Batch()
                var random = SplitMix(seed: UInt64(daysAgo))
                var runs: [RunID] = []
                for _ in 0..<count {
                    let id = RunID(at: at, slot: HashSlot(7), using: &random)
                    let record = StartRecord(
                        workflow: Gate.name, version: 1, input: Array("{}".utf8), seed: random.next())
                    batch.created.append(RunRow(id: id, workflow: Gate.name, version: 1, state: .queued))
                    batch.segments.append(
                        Batch.Segment(run: id, entries: [JournalEntry(seq: 0, at: at, fact: .started(record))]))
                    batch.messages.append(Batch.Message(run: id, body: .adopt))
                    runs.append(id)
                }
                _ = try await journal.apply(batch, in: transaction)
                return runs
            }
        }

        /// Ends a run so many days ago.
        func end(_ run: RunID, daysAgo: Int32) async throws {
            let at = Timestamp(microsecondsSince1970: Int64(today - daysAgo) * RetentionTests.day + 2)
            _ = try await store.makePartitions(from: at.utcDay, count: 1)
            let row = RunRow(id: run, workflow: Gate.name, version: 1, state: .active)
            try await pool.transaction { transaction in
                var batch = Batch()
                let outcome = Outcome.completed(Array("null".utf8))
                batch.segments.append(
                    Batch.Segment(run: run, entries: [JournalEntry(seq: 1, at: at, fact: .ended(outcome))]))
                batch.closed.append(Batch.Closed(row: row, outcome: outcome, at: at, wasOpen: true))
                _ = try await PostgresInlineStore().apply(batch, in: transaction)
            }
        }

        func rowsCarried() async throws -> Int {
            try await pool.query(SQLStatement("select count(*)::int as n from holdfast.journal_carried"))[0].int("n")
        }
    }

    @Test func `partitions are there for today and the days ahead`() async throws {
        try await House.with { house in
            await house.keeper.keep()
            let days = try await house.store.journalDays()
            for day in house.today...(house.today + 3) { #expect(days.contains(day)) }
            #expect(try await house.store.closedDays().contains(house.today + 3))
        }
    }

    @Test func `what ended longer ago than it is kept goes, and nothing that ended later`() async throws {
        try await House.with { house in
            let old = try await house.start(2, daysAgo: 12)
            try await house.end(old[0], daysAgo: 11)
            try await house.end(old[1], daysAgo: 10)
            await house.keeper.keep()
            let reader = PostgresRunReader(pool: house.pool)
            #expect(try await reader.run(old[0]) == nil)
            #expect(try await reader.history(old[0], after: nil, limit: 10) == nil)
            #expect(try await reader.run(old[1])?.status == .completed)
            #expect(try await reader.history(old[1], after: nil, limit: 10)?.count == 2)
            #expect(try await house.store.closedDays().contains(house.today - 11) == false)
            #expect(try await house.store.closedDays().contains(house.today - 10))
        }
    }

    @Test func `the journal of a run that is open survives its day's partition, and the run completes`() async throws {
        try await House.with { house in
            let open = try await house.start(1, daysAgo: 40)[0]
            let ended = try await house.start(3, daysAgo: 39)
            for run in ended { try await house.end(run, daysAgo: 38) }
            await house.keeper.keep()
            #expect(try await house.store.journalDays().allSatisfy { $0 >= house.today - 10 })
            #expect(try await house.rowsCarried() == 1)

            try await house.schedules.serving { runner in
                try await runner.node.signal(open, name: "go", payload: Array("true".utf8))
                let end = try await runner.node.wait(open, timeout: .seconds(60))
                #expect(end?.status == .completed)
                #expect(end?.outcome == .completed(Array(#""went""#.utf8)))
            }
            // New entries of an old run lie where the old ones do.
            #expect(try await house.rowsCarried() > 1)
            let history = try await PostgresRunReader(pool: house.pool).history(open, after: nil, limit: 100)
            let entries = try #require(history)
            #expect(entries.map(\.seq) == Array(0..<Int32(entries.count)))
        }
    }

    @Test func `what was carried over goes once its run is forgotten`() async throws {
        try await House.with { house in
            let runs = try await house.start(2, daysAgo: 40)
            await house.keeper.keep()
            #expect(try await house.rowsCarried() == 2)
            try await house.end(runs[0], daysAgo: 20)
            await house.keeper.keep()
            #expect(try await house.rowsCarried() == 1)
        }
    }

    @Test func `days go one after the other, and later ones join what was carried over`() async throws {
        try await House.with { house in
            for daysAgo: Int32 in [30, 25, 20] { _ = try await house.start(2, daysAgo: daysAgo) }
            for daysAgo: Int32 in [30, 25, 20] {
                let day = house.today - daysAgo
                #expect(try await house.store.retireJournal(day: day, carryMax: 100) == 2)
            }
            #expect(try await house.rowsCarried() == 6)
        }
    }

    @Test func `a day with more than can be carried at once stays, and so does what comes after it`() async throws {
        try await House.with(carryMax: 2) { house in
            _ = try await house.start(3, daysAgo: 30)
            _ = try await house.start(1, daysAgo: 29)
            await house.keeper.keep()
            #expect(try await house.store.journalDays().prefix(2) == [house.today - 30, house.today - 29])
            #expect(try await house.rowsCarried() == 0)
        }
    }

    @Test func `a partition in use is left alone rather than waited for`() async throws {
        try await House.with { house in
            let runs = try await house.start(1, daysAgo: 30)
            let other = try await PostgresConnection.connect(
                house.schedules.configuration, logger: TestCluster.logger)
            try await other.transaction { transaction in
                _ = try await transaction.query(SQLStatement("select 1 as one from holdfast.journal limit 1"))
                let error = await #expect(throws: StoreError.self) {
                    try await house.store.retireJournal(day: house.today - 30, carryMax: 100)
                }
                #expect(error?.kind == .unavailable)
            }
            await other.close()
            #expect(try await house.store.retireJournal(day: house.today - 30, carryMax: 100) == 1)
            #expect(try await PostgresRunReader(pool: house.pool).run(runs[0])?.status == .queued)
        }
    }

    /// Commits go on while the partition under them is replaced: each waits or goes first, none is lost.
    @Test func `a commit to an old run beside the drop of its day is neither lost nor refused`() async throws {
        try await House.with { house in
            let run = try await house.start(1, daysAgo: 30)[0]
            let at = house.schedules.now
            try await withThrowingTaskGroup { group in
                group.addTask {
                    for seq: Int32 in 1...200 {
                        try await house.pool.transaction { transaction in
                            var batch = Batch()
                            batch.segments.append(
                                Batch.Segment(
                                    run: run, entries: [JournalEntry(seq: seq, at: at, fact: .resumed)]))
                            _ = try await PostgresInlineStore().apply(batch, in: transaction)
                        }
                    }
                }
                group.addTask { await house.keeper.keep() }
                try await group.waitForAll()
            }
            let history = try await PostgresRunReader(pool: house.pool).history(run, after: nil, limit: 1_000)
            #expect(history?.map(\.seq) == Array(0...200))
            #expect(try await house.store.journalDays().contains(house.today - 30) == false)
        }
    }

    @Test func `of several nodes one keeps house at a time`() async throws {
        try await House.with { house in
            let isFirst = try await house.store.exclusively {
                let isSecond = try? await house.store.exclusively {}
                #expect(isSecond == false)
            }
            #expect(isFirst)
            #expect(try await house.store.exclusively {})
        }
    }

    @Test(arguments: [(Int32(10), false), (11, true)])
    func `a day is over when the last moment of it is older than what is kept`(daysAgo: Int32, isOver: Bool) {
        let noon = Timestamp(microsecondsSince1970: 20_000 * Self.day + Self.day / 2)
        let retention = Retention(keepClosed: .seconds(10 * 86_400))
        #expect(retention.isOver(day: 20_000 - daysAgo, at: noon) == isOver)
    }

    @Test func `yesterday is never over, however little is to be kept`() {
        let midnight = Timestamp(microsecondsSince1970: 20_000 * Self.day)
        let retention = Retention(keepClosed: .zero)
        #expect(!retention.isOver(day: 19_999, at: midnight))
        #expect(retention.isOver(day: 19_998, at: midnight))
    }
}
