@testable import PostgresStore

/// Two plugins whose migrations hold one of everything that can be interrupted.
enum SampleMigrations {
    static let sources = [
        MigrationSource(plugin: "engine", files: [("0001-base.sql", base), ("0002-alone.sql", alone)]),
        MigrationSource(plugin: "parts", files: [("0001-objects.sql", objects), ("0002-more.sql", more)]),
    ]

    static let schemas: Set<String> = ["holdfast", "parts"]

    static let base = """
        -- The ground.
        create table holdfast.widget (
            widget_id bigint generated always as identity,
            name      text not null,
            kind      integer,
            constraint widget_pkey primary key (widget_id)
        );
        insert into holdfast.widget (name, kind) select 'w' || i, i % 7 from generate_series(1, 300) as i;
        -- Counts how often each statement that writes has been run.
        create table holdfast.tally (statement text not null);
        insert into holdfast.tally values ('base');
        create table holdfast.daily (day date not null, v text) partition by range (day);
        create table holdfast.daily_1 partition of holdfast.daily for values from ('2026-01-01') to ('2026-01-02');
        -- holdfast: down
        drop table holdfast.daily;
        drop table if exists holdfast.daily_1;
        drop table holdfast.tally;
        drop table holdfast.widget;
        """

    static let alone = """
        -- holdfast: no-transaction
        insert into holdfast.tally values ('alone 1');
        create index concurrently widget_kind on holdfast.widget (kind);
        insert into holdfast.tally values ('alone 2');
        create unique index concurrently widget_name on holdfast.widget (name);
        vacuum (analyze) holdfast.widget;
        create index concurrently widget_spare on holdfast.widget (name, kind);
        reindex index concurrently holdfast.widget_kind;
        drop index concurrently holdfast.widget_spare;
        alter table holdfast.daily detach partition holdfast.daily_1 concurrently;
        insert into holdfast.tally values ('alone 3');
        -- holdfast: down no-transaction
        insert into holdfast.tally values ('back');
        drop index concurrently if exists holdfast.widget_name;
        drop index concurrently if exists holdfast.widget_kind;
        """

    static let objects = """
        -- holdfast: requires engine@2
        create schema parts;
        create type parts.state as enum ('new', 'used');
        create table parts.part (
            part_id bigint not null,
            tenant  text not null,
            state   parts.state not null default 'new',
            constraint part_pkey primary key (part_id),
            constraint part_tenant_named check (tenant <> '')
        );
        create index part_tenant on parts.part (tenant);
        create function parts.count(whose text) returns bigint language sql stable as $$
            select count(*) from parts.part where tenant = whose; -- not the end;
        $$;
        alter table parts.part enable row level security, force row level security;
        create policy part_own on parts.part using (tenant = current_setting('holdfast.tenant', true));
        create view parts.used as select part_id from parts.part where state = 'used';
        insert into holdfast.tally values ('objects');
        -- holdfast: down
        drop view parts.used;
        drop function parts.count(text);
        drop table parts.part;
        drop type parts.state;
        drop schema parts;
        """

    static let more = """
        alter table parts.part add column note text;
        grant select on parts.part to pg_monitor;
        insert into holdfast.tally values ('more');
        -- holdfast: down
        revoke select on parts.part from pg_monitor;
        alter table parts.part drop column note;
        """

    /// Each of these statements was run exactly once.
    static let tally = ["alone 1", "alone 2", "alone 3", "base", "more", "objects"]
}
