-- Sell-through reports, and what became of every serial number in them.
-- holdfast: phase expand
-- holdfast: requires holding-tenant@2

create schema sell_through;

create sequence sell_through.acknowledgement_number as bigint minvalue 1 maxvalue 999999999 cycle;

create table sell_through.report (
    report_id       uuid        not null,
    -- The reporter, or the reseller that reports for itself.
    filer           text        not null,
    -- The partner that a reseller is; all sales that it reports are its own.
    filer_partner   text,
    name            text,
    format          text        not null,
    upload_id       uuid        not null,
    digest          bytea       not null,
    -- Of the interchange, without leading zeros; null for a flat file, and for a test, which uses up no number.
    control_number  text,
    run_id          uuid,
    status          text        not null,
    received_at     timestamptz not null,
    finished_at     timestamptz,
    lines           integer     not null default 0,
    devices         integer     not null default 0,
    is_test         boolean     not null default false,
    ta1             text,
    x997            text,
    x824            text,

    constraint report_pkey primary key (report_id),
    constraint report_upload_known foreign key (upload_id) references holding.upload (upload_id),
    -- The same bytes are the same report.
    constraint report_digest_unique unique (filer, digest),
    constraint report_control_number_unique unique (filer, format, control_number),
    constraint report_digest_is_sha256 check (octet_length(digest) = 32),
    constraint report_format_known check (format in ('x12', 'edifact', 'csv')),
    constraint report_status_known check (status in ('received', 'processing', 'processed', 'rejected')),
    constraint report_finished_has_moment
        check ((status in ('processed', 'rejected')) = (finished_at is not null))
);

-- For report.list of a filer, and of all.
create index report_filer_idx on sell_through.report (filer, received_at, report_id);
create index report_received_at_idx on sell_through.report (received_at, report_id);

-- The outcome of each serial number of each line, and warnings beside them.
create table sell_through.report_item (
    report_id       uuid    not null,
    -- Counts from 1 in the order of the file.
    item            bigint  not null,
    line            integer,
    -- Of the transaction set or message that it stands in.
    set_number      integer,
    segment         text,
    ordinal         integer,
    element         integer,
    serial          text,
    partner_id      text,
    invoice         text,
    outcome         text    not null,
    code            text    not null,
    message         text    not null,

    constraint report_item_pkey primary key (report_id, item),
    constraint report_item_outcome_known check (outcome in ('accepted', 'rejected', 'warning', 'pending'))
);

-- For report.lines with an outcome, and the 824. Most entries are accepted, and found by the key.
create index report_item_outcome_idx on sell_through.report_item (report_id, outcome, item)
    where outcome <> 'accepted';

-- In place of foreign keys, which would look up each of many rows.
create trigger report_stays
    before delete or truncate or update of report_id on sell_through.report
    for each statement execute function holding.refuse_removal();

create function sell_through.require_report() returns trigger
language plpgsql
set search_path = pg_catalog
as $function$
begin
    if exists (
        select from (select distinct report_id from fresh) as named
        where not exists (select from sell_through.report where report.report_id = named.report_id)
    ) then
        raise exception 'an entry belongs to no report'
            using errcode = 'foreign_key_violation', constraint = tg_name;
    end if;
    return null;
end
$function$;

create trigger report_item_report_known
    after insert on sell_through.report_item
    referencing new table as fresh
    for each statement execute function sell_through.require_report();

grant usage on schema sell_through to holdfast_tenant;
grant select, insert, update on sell_through.report to holdfast_tenant;
grant select on sell_through.report_item to holdfast_tenant;

alter table sell_through.report enable row level security;
alter table sell_through.report force row level security;
create policy report_of_server on sell_through.report to current_user using (true) with check (true);
create policy report_of_filer on sell_through.report to holdfast_tenant
    using (filer = coalesce(holdfast.tenant_reporter(), holdfast.tenant_partner()))
    with check (filer = coalesce(holdfast.tenant_reporter(), holdfast.tenant_partner()));

alter table sell_through.report_item enable row level security;
alter table sell_through.report_item force row level security;
create policy report_item_of_server on sell_through.report_item to current_user using (true) with check (true);
create policy report_item_of_filer on sell_through.report_item for select to holdfast_tenant
    using (exists (select from sell_through.report where report.report_id = report_item.report_id));

-- holdfast: down

drop table sell_through.report_item;
drop function sell_through.require_report();
drop table sell_through.report;
drop sequence sell_through.acknowledgement_number;
drop schema sell_through;
