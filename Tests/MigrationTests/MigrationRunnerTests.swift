import Synchronization
import Testing

@testable import PostgresStore

/// What the commands do to a real database when nothing goes wrong.
@Suite struct MigrationRunnerTests {
    @Test func `up builds the schema once, and then has nothing to do`() async throws {
        try await TestCluster.withDatabase { database in
            let runner = try database.runner(SampleMigrations.sources)
            #expect(try await runner.status().exitCode == 3)
            #expect(
                try await runner.verdict()
                    == .older(pending: try MigrationCatalog(SampleMigrations.sources).files.map(\.id)))

            let first = try await runner.up()
            #expect(first.applied.map(\.migration.description) == ["engine@1", "engine@2", "parts@1", "parts@2"])
            #expect(first.exitCode == 0)
            let again = try await runner.up()
            #expect(again.applied.isEmpty)
            #expect(again.render().hasSuffix("nothing to apply"))

            let status = try await runner.status()
            #expect(status.exitCode == 0, "\(status.render())")
            #expect(status.migrations.allSatisfy { $0.appliedBy == "postgres on test-host" && $0.release == "1.0.0" })
            #expect(try await runner.verdict() == .ok(waiting: []))
            let verify = try await runner.verify()
            #expect(verify.exitCode == 0 && verify.basis == .scratch && verify.objects > 40, "\(verify.render())")
        }
    }

    @Test func `down to 0 takes everything back, and up builds the same again`() async throws {
        try await TestCluster.withDatabase { database in
            let runner = try database.runner(SampleMigrations.sources)
            _ = try await runner.up()
            let built = try await database.catalog(SampleMigrations.schemas)
            let down = try await runner.down(to: 0)
            #expect(down.reverted.map(\.description) == ["parts@2", "parts@1", "engine@2", "engine@1"])
            #expect(down.isEmpty)
            #expect(
                try await database.number("select count(*) from pg_namespace where nspname in ('holdfast', 'parts')")
                    == 0)
            #expect(try await runner.down(to: 0).reverted.isEmpty)
            _ = try await runner.up()
            #expect(built.differences(to: try await database.catalog(SampleMigrations.schemas)) == [])
        }
    }

    @Test func `down to a version takes back one plugin and leaves the others`() async throws {
        try await TestCluster.withDatabase { database in
            let runner = try database.runner(SampleMigrations.sources)
            _ = try await runner.up()
            let vague = await #expect(throws: MigrationError.self) { try await runner.down(to: 1) }
            #expect(vague?.exitCode == 64)
            let needed = await #expect(throws: MigrationError.self) { try await runner.down(to: 1, plugin: "engine") }
            #expect(needed?.message.contains("parts/0001-objects.sql: is applied and requires engine@2") == true)
            #expect(try await runner.down(to: 1, plugin: "parts").reverted.map(\.description) == ["parts@2"])
            #expect(try await database.number("select count(*) from holdfast.migration") == 3)
            #expect(try await runner.verify().exitCode == 0)
            #expect(try await runner.status().exitCode == 3)
        }
    }

    @Test func `down is refused while somebody has something against it, or where there is no way back`() async throws {
        try await TestCluster.withDatabase { database in
            let gates = MigrationGates(mayGoDown: { _ in "node \"a\" serves" })
            let runner = try database.runner(SampleMigrations.sources, gates: gates)
            _ = try await runner.up()
            let refused = await #expect(throws: MigrationError.self) { try await runner.down(to: 0) }
            #expect(refused?.message == "nothing was taken back: node \"a\" serves")
            #expect(refused?.exitCode == 1)
            #expect(try await database.ledger().count == 4)
        }
        try await TestCluster.withDatabase { database in
            let oneWay = MigrationSource(
                plugin: "engine", files: [("0001-a.sql", "create table holdfast.a (b bigint)")])
            let runner = try database.runner([oneWay])
            _ = try await runner.up()
            let refused = await #expect(throws: MigrationError.self) { try await runner.down(to: 0) }
            #expect(refused?.message.contains("engine/0001-a.sql: has no \"-- holdfast: down\"") == true)
        }
    }

    @Test func `a contract migration waits for the last node that needs the old shape`() async throws {
        try await TestCluster.withDatabase { database in
            let source = MigrationSource(
                plugin: "engine",
                files: [
                    ("0001-a.sql", "create table holdfast.a (b bigint, c bigint)"),
                    ("0002-b.sql", "-- holdfast: phase contract\nalter table holdfast.a drop column c"),
                ])
            let held = try await database.runner(
                [source], gates: MigrationGates(mayContract: { _, id in "node \"old\" needs what \(id) drops" })
            ).up()
            #expect(held.applied.map(\.migration.version) == [1])
            #expect(held.held?.reason == "node \"old\" needs what engine@2 drops")
            #expect(held.exitCode == 75)
            #expect(try await database.runner([source]).verdict().isOK)
            #expect(try await database.runner([source]).up().exitCode == 0)
        }
    }

    @Test func `the plan shows the SQL and what it does to the tables that are there`() async throws {
        try await TestCluster.withDatabase { database in
            _ = try await database.runner(SampleMigrations.sources).up()
            try await database.run("analyze holdfast.widget")
            let next = MigrationSource(
                plugin: "engine",
                files: SampleMigrations.sources[0].files + [
                    ("0003-c.sql", "alter table holdfast.widget alter column kind type bigint;")
                ])
            let plan = try await database.runner([next]).plan()
            let effect = try #require(plan.steps.first?.statements.first?.effects.first)
            #expect(plan.steps.count == 1 && plan.warnings.count == 2)
            #expect(effect.lock == "ACCESS EXCLUSIVE" && effect.work == .rewrite && effect.rows == 300)
            #expect(effect.bytes ?? 0 > 0)
            #expect(plan.findings.map(\.rule) == ["column-type-change"])
            #expect(
                plan.render().contains(
                    "alter table holdfast.widget alter column kind type bigint;\n--   holdfast.widget"))
            #expect(try await database.ledger().count == 4)
        }
    }

    @Test func `an edited file is refused, changed white space is not, and repair takes the files over`() async throws {
        try await TestCluster.withDatabase { database in
            func source(_ text: String) -> [MigrationSource] {
                [MigrationSource(plugin: "engine", files: [("0001-a.sql", text)])]
            }
            _ = try await database.runner(source("create table holdfast.a (b bigint)")).up()

            let spaced = try database.runner(source("-- a table\ncreate table holdfast.a ( b  bigint );"))
            let report = try await spaced.up()
            #expect(report.warnings.map(\.file) == ["engine/0001-a.sql"])
            #expect(try await spaced.status().exitCode == 0)

            let edited = try database.runner(source("create table holdfast.a (b bigint, c text)"))
            let refused = await #expect(throws: MigrationError.self) { try await edited.up() }
            #expect(refused?.message.hasPrefix("engine/0001-a.sql: was edited after it was applied") == true)
            #expect(try await edited.status().exitCode == 4)
            #expect(try await edited.verify().exitCode == 4)
            #expect(try await edited.verdict() == .edited(files: ["engine/0001-a.sql"]))

            try await database.run("alter table holdfast.a add column c text")
            #expect(try await edited.repair().accepted.map(\.description) == ["engine@1"])
            #expect(try await edited.up().applied.isEmpty)
            #expect(try await edited.verify().exitCode == 0)
            #expect(try await edited.repair().accepted.isEmpty)
        }
    }

    @Test func `a database of a later release is refused with the release to install`() async throws {
        try await TestCluster.withDatabase { database in
            _ = try await database.runner(SampleMigrations.sources, change: { $0.release = "2.3.4" }).up()
            let old = [MigrationSource(plugin: "engine", files: [SampleMigrations.sources[0].files[0]])]
            let runner = try database.runner(old)
            let refused = await #expect(throws: MigrationError.self) { try await runner.up() }
            #expect(refused?.message.contains("install release 2.3.4 or later") == true)
            let verdict = try await runner.verdict()
            #expect(verdict == .newer(release: "2.3.4", found: MigrationID(plugin: "engine", version: 2)))
        }
    }

    @Test func `progress is told in order`() async throws {
        try await TestCluster.withDatabase { database in
            let told = Mutex<[String]>([])
            let source = MigrationSource(plugin: "engine", files: [("0001-a.sql", "select 1; select 2")])
            _ = try await database.runner([source]) { event in told.withLock { $0.append(event.word) } }.up()
            #expect(
                told.withLock { $0 } == [
                    "planned 1 2", "begins", "statement 1/2", "done 1", "statement 2/2", "done 2", "committing", "ends",
                ])
        }
    }

    @Test func `a role that may do nothing, and a server that is not there, have exit codes of their own`() async throws
    {
        try await TestCluster.withDatabase { database in
            let role = "nobody_\(database.name)"
            try await database.run("create role \(role) login")
            let refused = await #expect(throws: MigrationError.self) {
                try await database.runner(SampleMigrations.sources, role: role).up()
            }
            #expect(refused?.exitCode == 77, "\(refused?.message ?? "")")
            try await database.run("drop role \(role)")
        }
        let nowhere = TestDatabase(name: "no_such_database_here")
        let missing = await #expect(throws: MigrationError.self) {
            try await nowhere.runner(SampleMigrations.sources).status()
        }
        #expect(missing?.message.contains("no_such_database_here") == true, "\(missing?.message ?? "")")
    }
}

extension MigrationEvent {
    /// The event without its times.
    var word: String {
        switch self {
        case .waitingForMigrator: "waiting"
        case .planned(let migrations, let statements): "planned \(migrations) \(statements)"
        case .migrationBegins: "begins"
        case .statementBegins(_, let number, let total, _): "statement \(number)/\(total)"
        case .statementWaits(_, let number, _): "waits \(number)"
        case .statementAdvances(_, let number, _, _): "advances \(number)"
        case .lockTimedOut(_, let number, _, _, _): "timed out \(number)"
        case .statementEnds(_, let number): "done \(number)"
        case .progressRecorded(_, let number): "recorded \(number)"
        case .committing: "committing"
        case .migrationEnds: "ends"
        case .held: "held"
        }
    }
}
