import Testing

@testable import PostgresStore

/// The order of migrations, and what the ledger makes of them.
@Suite struct MigrationPlanTests {
    private func source(_ plugin: String, requires: [String] = [], _ files: [String: String]) -> MigrationSource {
        MigrationSource(plugin: plugin, requires: requires, files: files.map { (name: $0.key, text: $0.value) })
    }

    private func row(
        _ file: MigrationFile, state: MigrationLedgerRow.State = .applied, done: Int? = nil, position: Int = 1,
        text: String? = nil
    ) -> MigrationLedgerRow {
        MigrationLedgerRow(
            id: file.id, name: file.name, checksum: file.checksum, phase: file.phase, state: state,
            statementsDone: done ?? file.up.statements.count, sql: text ?? file.text, position: position,
            appliedAt: "2026-01-01T00:00:00Z", appliedBy: "a on b", nodeVersion: "1.0.0")
    }

    private func ids(_ catalog: MigrationCatalog) -> [String] { catalog.files.map(\.id.description) }

    // MARK: - Order

    @Test func `the engine comes first, then each plugin after what it requires`() throws {
        let catalog = try MigrationCatalog([
            source("zeta", ["0001-a.sql": "select 1", "0002-b.sql": "select 1"]),
            source("alpha", requires: ["zeta"], ["0001-a.sql": "select 1"]),
            source("engine", ["0002-b.sql": "select 1", "0001-a.sql": "select 1"]),
        ])
        #expect(ids(catalog) == ["engine@1", "engine@2", "zeta@1", "zeta@2", "alpha@1"])
    }

    @Test func `a file waits for the version it names and no longer`() throws {
        let catalog = try MigrationCatalog([
            source("alpha", ["0001-a.sql": "select 1", "0002-b.sql": "-- holdfast: requires zeta@1\nselect 1"]),
            source("zeta", ["0001-a.sql": "-- holdfast: requires alpha@1\nselect 1", "0002-b.sql": "select 1"]),
        ])
        #expect(ids(catalog) == ["alpha@1", "zeta@1", "alpha@2", "zeta@2"])
    }

    @Test func `a circle is told with its files`() {
        let problems = #expect(throws: MigrationProblems.self) {
            try MigrationCatalog([
                source("a", requires: ["b"], ["0001-x.sql": "select 1"]),
                source("b", requires: ["a"], ["0001-y.sql": "select 1"]),
            ])
        }
        #expect(problems?.description.contains("a/0001-x.sql, b/0001-y.sql") == true)
    }

    @Test func `all problems of all files are told at once`() {
        let problems = #expect(throws: MigrationProblems.self) {
            try MigrationCatalog([
                source("a", ["0001-x.sql": "select '", "0002-y.sql": ""]),
                source("b", ["1.sql": "select 1"]),
            ])
        }
        #expect(problems?.problems.map(\.file) == ["a/0001-x.sql", "a/0002-y.sql", "b/1.sql"])
    }

    @Test func `what is required must be there`() {
        let plugin = #expect(throws: MigrationProblems.self) {
            try MigrationCatalog([source("a", requires: ["nowhere"], ["0001-x.sql": "select 1"])])
        }
        #expect(plugin?.description.contains("requires nowhere, a plugin that is not here") == true)
        let version = #expect(throws: MigrationProblems.self) {
            try MigrationCatalog([
                source("a", ["0001-x.sql": "-- holdfast: requires b@7\nselect 1"]),
                source("b", ["0001-x.sql": "select 1"]),
            ])
        }
        #expect(version?.description == "a/0001-x.sql: requires b@7, which has versions up to 1")
    }

    @Test func `two files with one number are refused`() {
        let problems = #expect(throws: MigrationProblems.self) {
            try MigrationCatalog([source("a", ["0001-x.sql": "select 1", "0001-y.sql": "select 1"])])
        }
        #expect(problems?.description == "a/0001-y.sql: has the number of a/0001-x.sql")
    }

    // MARK: - Plan

    private func sample() throws -> MigrationCatalog {
        try MigrationCatalog([
            source(
                "engine", ["0001-a.sql": "select 1", "0002-b.sql": "select 2; select 22", "0003-c.sql": "select 3"]),
            source("p", ["0001-a.sql": "select 4"]),
        ])
    }

    @Test func `what the ledger does not hold is planned in order`() throws {
        let catalog = try sample()
        let plan = try MigrationPlan.up(catalog, [row(catalog.files[0])])
        #expect(plan.steps.map(\.file.id.description) == ["engine@2", "engine@3", "p@1"])
        #expect(plan.steps.allSatisfy { $0.cause == .pending })
        #expect(try MigrationPlan.up(catalog, catalog.files.map { row($0) }).steps.isEmpty)
    }

    @Test func `a target takes what it requires and nothing else`() throws {
        let catalog = try sample()
        let engine = try MigrationPlan.up(catalog, [], to: .plugin("engine", version: 2))
        #expect(engine.steps.map(\.file.id.description) == ["engine@1", "engine@2"])
        let plugin = try MigrationPlan.up(catalog, [], to: .plugin("p", version: nil))
        #expect(plugin.steps.count == 4)
        #expect(throws: MigrationProblems.self) { try MigrationPlan.up(catalog, [], to: .plugin("p", version: 9)) }
        #expect(throws: MigrationProblems.self) { try MigrationPlan.up(catalog, [], to: .plugin("q", version: nil)) }
    }

    @Test func `what was interrupted or refused goes on where it stood`() throws {
        let catalog = try sample()
        let plan = try MigrationPlan.up(
            catalog,
            [
                row(catalog.files[0]), row(catalog.files[1], state: .running, done: 1, position: 2),
                row(catalog.files[3], state: .failed, done: 0, position: 3),
            ])
        #expect(plan.steps.map(\.cause) == [.interrupted, .pending, .failed])
        #expect(plan.steps.map(\.statementsDone) == [1, 0, 0])
    }

    @Test func `an edited file is an error that names it`() throws {
        let catalog = try sample()
        var edited = row(catalog.files[1])
        edited.checksum = MigrationChecksum(statements: "other", file: "other")
        let problems = #expect(throws: MigrationProblems.self) {
            try MigrationPlan.up(catalog, [row(catalog.files[0]), edited])
        }
        #expect(problems?.problems.map(\.file) == ["engine/0002-b.sql"])
        #expect(problems?.description.contains("was edited after it was applied") == true)
    }

    @Test func `changed white space is a warning that names the file`() throws {
        let catalog = try sample()
        var spaced = row(catalog.files[0])
        spaced.checksum = MigrationChecksum(statements: spaced.checksum.statements, file: "other")
        let plan = try MigrationPlan.up(catalog, [spaced])
        #expect(plan.warnings.map(\.file) == ["engine/0001-a.sql"])
        #expect(plan.steps.count == 3)
    }

    @Test func `a refused migration may be mended behind what it has done`() throws {
        let catalog = try sample()
        func refused(_ text: String, done: Int) throws -> MigrationLedgerRow {
            let old = try MigrationFile.read(plugin: "engine", fileName: "0002-b.sql", text: text)
            return row(old, state: .failed, done: done, position: 2)
        }
        let mended = try refused("select  2; select wrong", done: 1)
        #expect(try MigrationPlan.up(catalog, [row(catalog.files[0]), mended]).steps[0].statementsDone == 1)
        let rewritten = try refused("select 99; select wrong", done: 1)
        #expect(throws: MigrationProblems.self) { try MigrationPlan.up(catalog, [row(catalog.files[0]), rewritten]) }
    }

    @Test func `a ledger from a later release is refused with the release to install`() throws {
        let catalog = try sample()
        var later = row(catalog.files[2], position: 9)
        later = MigrationLedgerRow(
            id: MigrationID(plugin: "engine", version: 4), name: "d", checksum: later.checksum, phase: .expand,
            state: .applied, statementsDone: 1, sql: "", position: 9, appliedBy: "", nodeVersion: "2.5.0")
        let problems = #expect(throws: MigrationProblems.self) { try MigrationPlan.up(catalog, [later]) }
        #expect(problems?.description.contains("install release 2.5.0 or later") == true)
        #expect(SchemaCheck.verdict(catalog, [later]) == .newer(release: "2.5.0", found: later.id))
    }

    @Test func `a number below what is applied is refused`() throws {
        let catalog = try sample()
        let problems = #expect(throws: MigrationProblems.self) {
            try MigrationPlan.up(catalog, [row(catalog.files[0]), row(catalog.files[2], position: 2)])
        }
        #expect(problems?.problems.map(\.file) == ["engine/0002-b.sql"])
        #expect(problems?.description.contains("give it a number above 3") == true)
    }

    @Test func `a plugin that is no longer compiled in is only a warning`() throws {
        let catalog = try sample()
        let gone = try MigrationFile.read(plugin: "gone", fileName: "0001-a.sql", text: "select 1")
        #expect(try MigrationPlan.up(catalog, [row(gone)]).warnings.count == 1)
    }

    // MARK: - Start of a server

    @Test func `a server starts only on its own schema and says what to run`() throws {
        let catalog = try sample()
        let all = catalog.files.enumerated().map { row($1, position: $0 + 1) }
        #expect(SchemaCheck.verdict(catalog, all) == .ok(waiting: []))

        let older = SchemaCheck.verdict(catalog, Array(all.dropLast()))
        #expect(older == .older(pending: [catalog.files[3].id]))
        #expect(older.description.contains("run \"holdfast migrate up\""))

        var edited = all
        edited[0].checksum = MigrationChecksum(statements: "x", file: "x")
        #expect(SchemaCheck.verdict(catalog, edited) == .edited(files: ["engine/0001-a.sql"]))

        var failed = all
        failed[3].state = .failed
        #expect(SchemaCheck.verdict(catalog, failed) == .failed(catalog.files[3].id))
        #expect(!SchemaCheck.verdict(catalog, failed).isOK)
    }

    @Test func `a contract migration may wait for the last old node`() throws {
        let catalog = try MigrationCatalog([
            source("engine", ["0001-a.sql": "select 1", "0002-b.sql": "-- holdfast: phase contract\nselect 2"])
        ])
        #expect(SchemaCheck.verdict(catalog, [row(catalog.files[0])]) == .ok(waiting: [catalog.files[1].id]))
        #expect(SchemaCheck.verdict(catalog, []) == .older(pending: catalog.files.map(\.id)))
    }

    @Test func `the schemas that the files create are known`() throws {
        let catalog = try MigrationCatalog([
            source(
                "p", ["0001-a.sql": "create schema if not exists hp; create schema \"Odd\"; create table q.t (a int)"])
        ])
        #expect(catalog.schemas == ["holdfast", "hp", "Odd"])
    }
}
