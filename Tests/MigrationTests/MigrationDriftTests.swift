import Postgres
import Testing
import WorkflowKit

@testable import PostgresStore

/// What verify sees of changes that no migration made.
@Suite struct MigrationDriftTests {
    static let changes: [(sql: String, objects: [String])] = [
        ("alter table parts.part add column extra int", ["column parts.part.extra"]),
        ("alter table parts.part drop column note", ["column parts.part.note"]),
        ("alter table parts.part alter column note type varchar(9)", ["column parts.part.note"]),
        ("alter table parts.part alter column note set not null", ["column parts.part.note"]),
        ("alter table parts.part alter column state drop default", ["column parts.part.state"]),
        ("alter table parts.part drop constraint part_tenant_named", ["constraint parts.part.part_tenant_named"]),
        ("alter table parts.part add constraint c check (part_id > 0) not valid", ["constraint parts.part.c"]),
        ("alter table parts.part no force row level security", ["table parts.part"]),
        ("alter table parts.part set (fillfactor = 70)", ["table parts.part"]),
        ("alter table parts.part set unlogged", ["table parts.part"]),
        ("alter table parts.part owner to pg_database_owner", ["table parts.part"]),
        ("drop index parts.part_tenant", ["index parts.part_tenant"]),
        (
            "drop index parts.part_tenant; create index part_tenant on parts.part (tenant, state)",
            ["index parts.part_tenant"]
        ),
        (
            "update pg_index set indisvalid = false where indexrelid = 'parts.part_tenant'::regclass",
            ["index parts.part_tenant"]
        ),
        ("create index more on holdfast.daily (v)", ["index holdfast.more"]),
        ("drop policy part_own on parts.part", ["policy parts.part.part_own"]),
        ("alter policy part_own on parts.part using (true)", ["policy parts.part.part_own"]),
        (
            "create or replace function parts.count(whose text) returns bigint language sql stable as 'select 1::bigint'",
            ["function parts.count(whose text)"]
        ),
        ("alter function parts.count(text) security definer", ["function parts.count(whose text)"]),
        (
            "revoke execute on function parts.count(text) from public",
            ["default rights on routine parts.count(whose text)"]
        ),
        ("create or replace view parts.used as select part_id from parts.part", ["view parts.used"]),
        ("alter type parts.state add value 'lost'", ["type parts.state"]),
        ("grant insert on parts.part to pg_monitor", ["grant on relation parts.part to pg_monitor"]),
        ("grant select (tenant) on parts.part to public", ["grant on column parts.part.tenant to public"]),
        ("grant usage on schema parts to public", ["grant on schema parts to public"]),
        ("create sequence parts.s", ["sequence parts.s"]),
        ("alter sequence holdfast.widget_widget_id_seq increment 2", ["sequence holdfast.widget_widget_id_seq"]),
        ("create table holdfast.stray (a int)", ["column holdfast.stray.a", "table holdfast.stray"]),
        (
            "create function parts.t() returns trigger language plpgsql as 'begin return new; end';"
                + "create trigger g before insert on parts.part for each row execute function parts.t()",
            ["function parts.t()", "trigger parts.part.g"]
        ),
        // What comes and goes while the server runs, and what is not ours, is no drift.
        (
            "create table holdfast.daily_2 partition of holdfast.daily for values from ('2026-01-02') to ('2026-01-03');"
                + "create index daily_2_v on holdfast.daily_2 (v)", []
        ),
        ("create schema other; create table other.t (a int); create table public.t (a int)", []),
        ("insert into parts.part (part_id, tenant) values (1, 'a'); analyze", []),
    ]

    @Test func `every difference is named, and nothing else`() async throws {
        try await TestCluster.withDatabase { database in
            _ = try await database.runner(SampleMigrations.sources).up()
            try await database.withSession { session in
                try await session.simple("set search_path = pg_catalog")
                let expected = try await CatalogFingerprint.read(schemas: SampleMigrations.schemas, on: session)
                for change in Self.changes {
                    try await session.simple("begin; \(change.sql)")
                    let found = try await CatalogFingerprint.read(schemas: SampleMigrations.schemas, on: session)
                    try await session.simple("rollback")
                    #expect(expected.differences(to: found).map(\.object) == change.objects, "\(change.sql)")
                }
            }
        }
    }

    @Test func `status sees drift since the last migration without building anything`() async throws {
        try await TestCluster.withDatabase { database in
            let runner = try database.runner(SampleMigrations.sources)
            _ = try await runner.up()
            try await database.run("drop index parts.part_tenant")
            let status = try await runner.status()
            #expect(status.exitCode == 4)
            #expect(status.drift.map(\.object) == ["index parts.part_tenant"])
            #expect(status.render().contains("drift: index parts.part_tenant: missing (expected CREATE INDEX"))
        }
    }

    @Test func `a long definition is shown where it differs`() {
        let text = String(repeating: "same words ", count: 40)
        let drift = SchemaDrift(object: "function f()", expected: text + "old end", found: text + "new end")
        #expect(drift.description.contains("expected … ") && drift.description.contains("new end"))
        #expect(drift.description.count < 200)
    }

    @Test func `verify compares with what the migrations build and tells both sides`() async throws {
        try await TestCluster.withDatabase { database in
            let runner = try database.runner(SampleMigrations.sources)
            _ = try await runner.up()
            try await database.run("alter table parts.part alter column note type varchar(9); drop view parts.used")
            let report = try await runner.verify()
            #expect(report.basis == .scratch && report.exitCode == 4)
            #expect(
                report.drift.map(\.description) == [
                    "column parts.part.note: expected text, found character varying(9)",
                    "view parts.used: missing (expected SELECT part.part_id FROM parts.part "
                        + "WHERE (part.state = 'used'::parts.state);)",
                ])
            #expect(
                try await database.number(
                    "select count(*) from pg_database where datname like 'holdfast_scratch%' and datname like '%' || pg_backend_pid()"
                ) == 0)
        }
    }

    @Test func `a role that may not create databases compares with what was recorded`() async throws {
        try await TestCluster.withDatabase { database in
            let role = "plain_\(database.name)"
            try await database.run("create role \(role) login; grant create on database \(database.name) to \(role)")
            let first = MigrationSource(
                plugin: "engine",
                files: [("0001-a.sql", "create schema q; create table q.a (b bigint); create table q.c (d bigint)")])
            let runner = try database.runner([first], role: role)
            _ = try await runner.up()
            let clean = try await runner.verify()
            #expect(clean.basis == .recorded && clean.exitCode == 0, "\(clean.render())")

            try await database.run("alter table q.a add column stray int; alter table q.c add column stray int")
            let second = MigrationSource(
                plugin: "engine", files: first.files + [("0002-b.sql", "alter table q.a add column wanted int")])
            let later = try database.runner([second], role: role)
            _ = try await later.up()
            // The migration did not make the strays right.
            #expect(try await later.verify().drift.map(\.object) == ["column q.a.stray", "column q.c.stray"])
            try await database.run("drop schema q, holdfast cascade; drop owned by \(role); drop role \(role)")
        }
    }

    @Test func `a scratch database that a killed process left is taken away`() async throws {
        try await TestCluster.withDatabase { database in
            let left = "holdfast_scratch_1_2"
            try await TestCluster.admin("create database \(left)")
            let runner = try database.runner(SampleMigrations.sources)
            _ = try await runner.up()
            _ = try await runner.verify()
            #expect(try await database.number("select count(*) from pg_database where datname = '\(left)'") == 0)
        }
    }

    @Test func `what was recorded stays for objects that a migration did not touch`() {
        func catalog(_ objects: [String: String]) -> CatalogFingerprint { CatalogFingerprint(objects) }
        let recorded = catalog(["a": "1", "b": "1", "gone": "1"])
        let before = catalog(["a": "drifted", "b": "drifted", "stray": "1"])
        let after = catalog(["a": "drifted", "b": "2", "stray": "1", "new": "1"])
        let expected = CatalogFingerprint.carried(recorded: recorded, before: before, after: after)
        #expect(expected == catalog(["a": "1", "b": "2", "gone": "1", "new": "1"]))
        #expect(CatalogFingerprint.carried(recorded: nil, before: before, after: after) == after)
    }
}

extension TestCluster {
    /// Runs one statement that no transaction may hold, in the cluster's own database.
    static func admin(_ text: String) async throws {
        try await TestDatabase(name: "postgres").withSession { session in
            _ = try await session.execute(SQLStatement(uncheckedText: text, name: "test", isPrepared: false))
        }
    }
}
