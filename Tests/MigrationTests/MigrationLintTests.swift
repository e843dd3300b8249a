import Testing

@testable import PostgresStore

/// One line per trap, and one per way round it.
@Suite struct MigrationLintTests {
    private func rules(_ text: String) throws -> [String] {
        let file = try MigrationFile.read(plugin: "p", fileName: "0001-a.sql", text: text)
        return MigrationLint.findings([file]).map(\.rule)
    }

    static let table: [(sql: String, rules: [String])] = [
        ("create index i on s.t (a)", ["index-locks-writers"]),
        ("create unique index i on only s.t (a)", []),
        ("create table s.t (a bigint); create index i on s.t (a)", []),
        ("-- holdfast: no-transaction\ncreate index concurrently i on s.t (a)", []),
        ("drop index s.i", ["drop-index-locks-readers"]),
        ("-- holdfast: no-transaction\ndrop index concurrently s.i", []),
        ("reindex table s.t", ["reindex-locks-writers"]),
        ("-- holdfast: no-transaction\nreindex table concurrently s.t", []),

        ("alter table s.t alter column a type bigint", ["column-type-change"]),
        ("alter table s.t alter a set data type bigint using a::bigint", ["column-type-change"]),
        ("alter table s.t add column a timestamptz default now()", []),
        ("alter table s.t add column a bigint not null default 0", []),
        ("alter table s.t add column a uuid default gen_random_uuid()", ["volatile-default"]),
        ("alter table s.t add a double precision default random() * 2", ["volatile-default"]),
        ("alter table s.t add column a text not null", ["required-column"]),
        ("alter table s.t add column a bigint generated always as (b + 1) stored", ["generated-column"]),
        ("alter table s.t add column a bigint generated always as identity", ["generated-column"]),
        ("alter table s.t add column a bigserial", ["serial-column", "generated-column"]),
        ("alter table s.t alter column a set not null", ["set-not-null"]),
        ("alter table s.t validate constraint c; alter table s.t alter column a set not null", []),
        ("alter table s.t alter column a drop not null", ["drop-not-null"]),
        ("alter table s.t alter column a set default 3", []),

        ("alter table s.t add constraint f foreign key (a) references s.u (a)", ["foreign-key-checks-rows"]),
        ("alter table s.t add constraint f foreign key (a) references s.u (a) not valid", []),
        ("alter table s.t add foreign key (a) references s.u (a)", ["foreign-key-checks-rows"]),
        ("alter table s.t add column a bigint references s.u (a)", []),
        ("alter table s.t add constraint c check (a > 0)", ["check-reads-rows"]),
        ("alter table s.t add constraint c check (a > 0) not valid", []),
        (
            "alter table s.t add constraint c check (a > 0) not valid; alter table s.t validate constraint c",
            ["validate-with-add"]
        ),
        ("alter table s.t validate constraint c", []),
        ("alter table s.t add constraint u unique (a)", ["key-builds-index"]),
        ("alter table s.t add primary key (a)", ["key-builds-index"]),
        ("alter table s.t add constraint u unique using index i", []),
        ("alter table s.t add constraint e exclude using gist (a with &&)", ["exclusion-constraint"]),

        ("alter table s.t set tablespace x", ["table-rewrite"]),
        ("alter table s.t set unlogged", ["table-rewrite"]),
        ("cluster s.t using i", ["table-rewrite"]),
        ("-- holdfast: no-transaction\nvacuum full s.t", ["vacuum-full"]),
        ("-- holdfast: no-transaction\nvacuum (analyze) s.t", []),
        ("lock table s.t in share mode", ["lock-table"]),
        ("truncate s.t", ["truncate"]),
        ("refresh materialized view s.v", ["refresh-locks-readers"]),
        ("refresh materialized view concurrently s.v", []),
        ("alter table s.t attach partition s.p for values in (1)", ["attach-reads-rows"]),
        ("create table s.p (a bigint); alter table s.t attach partition s.p for values in (1)", []),
        ("alter table s.t detach partition s.p", ["detach-locks-readers"]),
        ("create table s.p partition of s.t for values in (1)", ["create-partition"]),
        ("create trigger g before insert on s.t for each row execute function s.f()", ["trigger-locks-writers"]),
        ("update s.t set a = 1", ["bulk-write"]),
        ("update s.t set a = 1 where b between 1 and 100", []),
        ("delete from s.t", ["bulk-write"]),
        ("create table s.t (a bigint); update s.t set a = 1", []),

        ("alter table s.t add a bigint; alter table s.u add a bigint", ["several-tables-locked"]),
        ("alter table s.t add a bigint; alter table s.t add b bigint", []),
        ("create table s.n (a bigint); alter table s.t add a bigint; alter table s.n add b bigint", []),

        ("alter table s.t drop column a", ["drop-column"]),
        ("-- holdfast: phase contract\nalter table s.t drop column a", []),
        ("alter table s.t drop column a cascade", ["drop-cascade", "drop-column"]),
        ("alter table s.t drop constraint c", []),
        ("drop table s.t", ["drop-table"]),
        ("-- holdfast: phase contract\ndrop table s.t", []),
        ("create table s.t (a bigint); drop table s.t", []),
        ("alter table s.t rename column a to b", ["rename"]),
        ("alter table s.t rename to u", ["rename"]),
        ("alter table s.t rename constraint a to b", []),
        ("alter table s.t set schema u", ["rename"]),
        ("alter type s.e rename value 'a' to 'b'", ["rename-enum-value"]),
        ("alter type s.e add value 'a'", []),
        ("drop schema s cascade", ["drop-cascade", "drop-table"]),

        ("create function s.f() returns int language sql security definer as 'select 1'", ["definer-search-path"]),
        (
            "create or replace function s.f() returns int language sql security definer set search_path = '' as 'select 1'",
            []
        ),
        ("alter table s.t enable row level security", ["row-security-not-forced"]),
        ("alter table s.t enable row level security; alter table s.t force row level security", []),
        ("alter table s.t enable row level security, force row level security", []),
        ("alter table s.t disable row level security", ["row-security-off"]),
        ("alter table s.t no force row level security", ["row-security-off"]),
        ("grant select on s.t to public", ["grant-to-public"]),

        ("create table s.t (a int primary key)", ["integer-key"]),
        ("create table s.t (a int, b serial)", ["serial-column"]),
        ("create table s.t (a timestamp, b timestamp with time zone, c timestamptz)", ["timestamp-without-zone"]),
        ("create table s.t (a varchar(10), b text)", ["limited-text"]),
        ("create table s.t (a character varying(10))", ["limited-text"]),
        ("create table s.t (a char)", ["limited-text"]),
        ("create table s.t (a varchar, b character varying, c text)", []),
        ("alter domain s.d add constraint c check (value > 0)", ["domain-check-reads-rows"]),
        ("alter domain s.d add constraint c check (value > 0) not valid", []),
        ("create table t (a bigint)", ["name-without-schema"]),
        ("create temporary table t (a bigint)", []),
        ("alter table t add column a bigint", ["name-without-schema"]),
        (
            "create table s.n1234567890123456789012345678901234567890123456789012345678901234 (a bigint)",
            ["name-too-long"]
        ),
        ("alter table s.t add column a bigint[] default cast(array[] as bigint[])", []),
        ("create table s.t (a json, b jsonb)", ["json-column"]),
        ("-- holdfast: no-transaction\nvacuum s.t;\n-- holdfast: down\ndrop index s.i", ["down-without-if-exists"]),
        ("-- holdfast: allow drop-column unused since 1.2\nalter table s.t drop column a", []),
    ]

    @Test(arguments: table)
    func `each trap is found, and each way round it passes`(_ example: (sql: String, rules: [String])) throws {
        #expect(try rules(example.sql) == example.rules)
    }

    @Test func `every rule is proven by some line of the table`() {
        #expect(MigrationLint.rules.subtracting(Self.table.flatMap(\.rules)) == [])
    }

    @Test func `a table of an earlier migration of the same run is empty`() throws {
        let first = try MigrationFile.read(plugin: "p", fileName: "0001-a.sql", text: "create table s.t (a bigint)")
        let second = try MigrationFile.read(plugin: "p", fileName: "0002-b.sql", text: "create index i on s.t (a)")
        #expect(MigrationLint.findings([first, second]).isEmpty)
        #expect(MigrationLint.findings([second]).map(\.rule) == ["index-locks-writers"])
    }

    @Test func `a finding tells the file, the line, the lock and the way round`() throws {
        let file = try MigrationFile.read(
            plugin: "p", fileName: "0001-a.sql", text: "select 1;\n\nalter table s.t alter column a set not null;")
        let finding = try #require(MigrationLint.findings([file]).first)
        #expect(
            finding.description.hasPrefix("p/0001-a.sql:3: danger set-not-null [ACCESS EXCLUSIVE]: reads the whole"))
    }
}
