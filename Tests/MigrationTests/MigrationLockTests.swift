import Postgres
import Synchronization
import Testing

@testable import PostgresStore

/// Waiting: for another migrator, and for tables in use.
@Suite struct MigrationLockTests {
    private let source = MigrationSource(
        plugin: "engine", files: [("0001-a.sql", "create table holdfast.a (b bigint)")])

    @Test func `who holds the lock is named, and nothing is done without it`() async throws {
        try await TestCluster.withDatabase { database in
            try await database.withSession { holder in
                _ = try await MigrationLock.take(.migrator, on: holder, limit: nil) { _, _ in }
                let told = Mutex<[MigrationBlocker?]>([])
                let runner = try database.runner(
                    [source],
                    observer: { event in
                        if case .waitingForMigrator(let holder, _) = event { told.withLock { $0.append(holder) } }
                    }, change: { $0.migratorPatience = .milliseconds(200) })
                let failure = await #expect(throws: MigrationError.self) { try await runner.up() }
                #expect(failure?.exitCode == 75)
                #expect(
                    failure?.message.hasPrefix(
                        "another migration is under way, held by \"migration tests\" from local socket, process "
                            + "\(holder.processID), since 20") == true, "\(failure?.message ?? "")")
                #expect(told.withLock { $0.first??.processID } == Int(holder.processID))
                #expect(try await runner.status().migrator?.application == "migration tests")
                #expect(try await database.ledger().isEmpty)
            }
            #expect(try await database.runner([source]).up().applied.count == 1)
        }
    }

    @Test func `a lock that was taken away is noticed`() async throws {
        try await TestCluster.withDatabase { database in
            try await database.withSession { session in
                let lock = try await MigrationLock.take(.migrator, on: session, limit: nil) { _, _ in }
                try await lock.confirm()
                try await session.simple("select pg_advisory_unlock_all()")
                let lost = await #expect(throws: MigrationError.self) { try await lock.confirm() }
                #expect(lost?.message == "the migration lock was lost; nothing more is done without it")
            }
        }
    }

    @Test func `the server process of a killed migrator is waited for too`() async throws {
        try await TestCluster.withDatabase { database in
            try await database.withSession { orphan in
                _ = try await MigrationLock.take(.worker, on: orphan, limit: nil) { _, _ in }
                let runner = try database.runner([source], change: { $0.migratorPatience = .milliseconds(200) })
                let failure = await #expect(throws: MigrationError.self) { try await runner.up() }
                #expect(failure?.exitCode == 75)
                #expect(failure?.message.contains("process \(orphan.processID)") == true)
            }
        }
    }

    /// A reader keeps the table; the migration must let go, so that others can read, and come back.
    @Test func `a table in use is asked for again and again, and its user is named`() async throws {
        try await TestCluster.withDatabase { database in
            _ = try await database.runner([source]).up()
            let next = MigrationSource(
                plugin: "engine", files: source.files + [("0002-b.sql", "alter table holdfast.a add column c text")])
            try await database.withSession { reader in
                try await reader.simple("begin; select count(*) from holdfast.a")
                let events = AsyncStream.makeStream(of: MigrationEvent.self)
                let runner = try database.runner(
                    [next], observer: { events.continuation.yield($0) }, change: { $0.lockTimeout = .milliseconds(100) }
                )
                async let up = runner.up()
                var seen: [Int] = []
                for await case .lockTimedOut(let id, let number, let attempt, _, let blockers) in events.stream {
                    #expect(id.version == 2 && number == 1)
                    seen += blockers.map(\.processID)
                    // Between two tries nobody stands in the way of other readers.
                    #expect(try await database.number("select count(*) from holdfast.a") == 0)
                    if attempt >= 2, !seen.isEmpty { break }
                }
                #expect(Set(seen) == [Int(reader.processID)])
                try await reader.simple("commit")
                #expect(try await up.applied.count == 1)
            }
        }
    }

    @Test func `a table that stays in use ends in a failed step that names its user`() async throws {
        try await TestCluster.withDatabase { database in
            _ = try await database.runner([source]).up()
            let next = MigrationSource(
                plugin: "engine", files: source.files + [("0002-b.sql", "alter table holdfast.a add column c text")])
            try await database.withSession { reader in
                try await reader.simple("begin; select count(*) from holdfast.a")
                let runner = try database.runner(
                    [next],
                    change: {
                        // Long enough to be looked at even on a busy machine, which is done after half of it.
                        $0.lockTimeout = .seconds(2)
                        $0.lockPatience = .zero
                    })
                let failure = await #expect(throws: MigrationError.self) { try await runner.up() }
                #expect(failure?.kind == .failedStep)
                #expect(failure?.message.contains("[55P03]") == true)
                #expect(
                    failure?.message.contains(
                        "in the way: \"migration tests\" from local socket, process \(reader.processID)")
                        == true, "\(failure?.message ?? "")")
            }
        }
    }

    /// `create index concurrently` waits for every open transaction, so whoever waits for it must not hold one.
    @Test func `others that wait do not keep an index from being built`() async throws {
        try await TestCluster.withDatabase { database in
            let folder = MigrationSource(
                plugin: "engine",
                files: source.files + [
                    ("0002-b.sql", "-- holdfast: no-transaction\ncreate index concurrently a_b on holdfast.a (b)")
                ])
            let applied = try await withThrowingTaskGroup { group in
                for _ in 0..<8 {
                    let runner = try database.runner([folder])
                    group.addTask { try await runner.up().applied.count }
                }
                return try await group.reduce(0, +)
            }
            #expect(applied == 2)
        }
    }
}
