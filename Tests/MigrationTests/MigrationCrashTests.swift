import Foundation
import Postgres
import Testing
import WorkflowKit

@testable import PostgresStore

/// Migrators that are killed, and migrators that meet.
///
/// Every test ends with the same question: is the schema the one that an undisturbed run builds, and was every
/// statement that writes run exactly once?
@Suite(.serialized) struct MigrationCrashTests {
    /// How many probes of one sweep are under way at once.
    private static let width = 3

    /// The catalog that an undisturbed run builds, and the events that it tells.
    private func undisturbed(_ folder: MigrationFolder) async throws -> (catalog: CatalogFingerprint, events: [String])
    {
        try await TestCluster.withDatabase { database in
            let outcome = try await CrashProbe(database, folder.path, "up").outcome()
            try #require(outcome.exitCode == 0, "\(outcome.errors)")
            return (try await database.catalog(SampleMigrations.schemas), outcome.events)
        }
    }

    private func expectUndisturbed(
        _ database: TestDatabase, _ expected: CatalogFingerprint, _ comment: Comment,
        tally: [String] = SampleMigrations.tally
    ) async throws {
        let found = try await database.catalog(SampleMigrations.schemas)
        #expect(expected.differences(to: found) == [], comment)
        let counted = try await database.withSession { session in
            try await session.queryOnce("select statement from holdfast.tally order by 1").map {
                try $0.text("statement")
            }
        }
        #expect(counted == tally, comment)
        let ledger = try await database.ledger()
        #expect(ledger.map(\.id.description) == ["engine@1", "engine@2", "parts@1", "parts@2"], comment)
        #expect(ledger.allSatisfy { $0.state == .applied }, comment)
    }

    @Test func `killed at any event, the next up ends in the undisturbed schema`() async throws {
        let folder = try MigrationFolder(SampleMigrations.sources)
        defer { folder.remove() }
        let (expected, events) = try await undisturbed(folder)
        #expect(events.count > 60)
        try await sweep(events.count) { number in
            try await TestCluster.withDatabase { database in
                let killed = try await CrashProbe(database, folder.path, "up", killAt: number).outcome()
                #expect(killed.signal == SIGKILL && killed.events.count == number, "event \(number): \(killed.errors)")
                let next = try await CrashProbe(database, folder.path, "up").outcome()
                #expect(next.exitCode == 0, "after \(events[number - 1]): \(next.errors)")
                try await expectUndisturbed(database, expected, "killed at \(events[number - 1])")
            }
        }
    }

    @Test func `killed at any event of the way down, repair or down again ends in nothing`() async throws {
        let folder = try MigrationFolder(SampleMigrations.sources)
        defer { folder.remove() }
        try await TestCluster.withDatabase { built in
            _ = try await CrashProbe(built, folder.path, "up").outcome()
            let events = try await TestCluster.withDatabase(copying: built) { database in
                try await CrashProbe(database, folder.path, "down").outcome().events
            }
            #expect(events.count > 30)
            try await sweep(events.count) { number in
                try await TestCluster.withDatabase(copying: built) { database in
                    let killed = try await CrashProbe(database, folder.path, "down", killAt: number).outcome()
                    #expect(killed.signal == SIGKILL, "event \(number): \(killed.errors)")
                    if number.isMultiple(of: 2) { _ = try await database.runner(folder.sources).repair() }
                    let next = try await CrashProbe(database, folder.path, "down").outcome()
                    #expect(next.exitCode == 0, "after \(events[number - 1]): \(next.errors)")
                    let left = try await database.number(
                        "select count(*) from pg_namespace where nspname in ('holdfast', 'parts')")
                    #expect(left == 0, "killed at \(events[number - 1])")
                }
            }
        }
    }

    @Test(arguments: [2, 20])
    func `started at once, one migrates and the others wait and find it done`(_ count: Int) async throws {
        let folder = try MigrationFolder(SampleMigrations.sources)
        defer { folder.remove() }
        let (expected, _) = try await undisturbed(folder)
        let rounds = ProcessInfo.processInfo.environment["HOLDFAST_STRESS_ROUNDS"].flatMap(Int.init) ?? 1
        for round in 1...rounds {
            try await TestCluster.withDatabase { database in
                let probes = try (0..<count).map { _ in try CrashProbe(database, folder.path, "up") }
                var applied = 0
                for probe in probes {
                    let outcome = await probe.outcome()
                    #expect(outcome.exitCode == 0, "round \(round): \(outcome.errors)")
                    applied += outcome.events.count { $0.contains("migrationEnds") }
                }
                #expect(applied == 4, "round \(round)")
                try await expectUndisturbed(database, expected, "\(count) at once, round \(round)")
            }
        }
    }

    @Test func `a migrator that dies while others wait is taken over`() async throws {
        let folder = try MigrationFolder(SampleMigrations.sources)
        defer { folder.remove() }
        let (expected, events) = try await undisturbed(folder)
        let seed = Seed.value
        var random = SeededRandom(seed: seed)
        for _ in 0..<3 {
            let fatal = Int.random(in: 1...events.count, using: &random)
            try await TestCluster.withDatabase { database in
                let first = try CrashProbe(database, folder.path, "up", killAt: fatal)
                let others = try (0..<3).map { _ in try CrashProbe(database, folder.path, "up") }
                _ = await first.outcome()
                for other in others {
                    let outcome = await other.outcome()
                    #expect(outcome.exitCode == 0, "seed \(seed), event \(fatal): \(outcome.errors)")
                }
                try await expectUndisturbed(database, expected, "seed \(seed), event \(fatal)")
            }
        }
    }

    /// The index is left half-built, marked invalid, in the middle of its statement.
    @Test func `killed while an index is being built, the next up builds it again`() async throws {
        let folder = try MigrationFolder(SampleMigrations.sources)
        defer { folder.remove() }
        let (expected, _) = try await undisturbed(folder)
        try await TestCluster.withDatabase { database in
            let base = try MigrationFolder([
                MigrationSource(plugin: "engine", files: [SampleMigrations.sources[0].files[0]])
            ])
            defer { base.remove() }
            _ = try await CrashProbe(database, base.path, "up").outcome()
            let unfinished = SQLStatement(
                """
                select from pg_index i join pg_class c on c.oid = i.indexrelid
                where c.relname = 'widget_kind' and not i.indisvalid
                """)
            try await database.withSession { session in
                // A writer that does not end keeps the building from ending.
                try await session.simple("begin; insert into holdfast.widget (name, kind) values ('late', 1)")
                let probe = try CrashProbe(database, folder.path, "up")
                try await database.withSession { look in
                    while try await look.query(unfinished).isEmpty { await Task.yield() }
                }
                kill(probe.process.processIdentifier, SIGKILL)
                #expect(await probe.outcome().signal == SIGKILL)
                try await session.simple("rollback")
            }
            let status = try await database.runner(folder.sources).status()
            let second = try #require(status.migrations.first { $0.migration.version == 2 })
            #expect(second.state == "running" && second.statementsDone == 1)
            let next = try await CrashProbe(database, folder.path, "up").outcome()
            #expect(next.exitCode == 0, "\(next.errors)")
            try await expectUndisturbed(database, expected, "killed while building")
        }
    }

    /// Calls `body` with 1, 2, … `count`, a few at a time.
    private func sweep(_ count: Int, _ body: @escaping @Sendable (Int) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...count {
                if number > Self.width { try await group.next() }
                group.addTask { try await body(number) }
            }
            try await group.waitForAll()
        }
    }
}
