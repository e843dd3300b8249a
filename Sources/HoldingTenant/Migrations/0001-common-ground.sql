-- Partners, holding tenants, customers, and PCs with their place and history: what all plugins of the business share.
-- holdfast: phase expand

create schema holding;

create table holding.partner (
    partner_id      text        not null,
    name            text        not null,
    csdp_account    text,
    -- The partner's own choice of routing, the name of a track; null until it chooses.
    chosen_routing  text,
    created_at      timestamptz not null,

    constraint partner_pkey primary key (partner_id)
);

-- One row for each track that a partner completed. It stays when the certification lapses.
create table holding.certification (
    partner_id    text        not null,
    track         text        not null,
    completed_at  timestamptz not null,
    -- The first moment without it; null if it does not lapse.
    valid_until   timestamptz,

    constraint certification_pkey primary key (partner_id, track),
    constraint certification_partner_known foreign key (partner_id) references holding.partner (partner_id)
);

-- The one place of a partner for PCs that are not assigned. The key is the partner: a second one cannot be written.
create table holding.holding_tenant (
    partner_id         text        not null,
    created_at         timestamptz not null,
    -- When the first PC came: from then on the page Unassigned Devices is there, also when it is empty again.
    first_transfer_at  timestamptz,

    constraint holding_tenant_pkey primary key (partner_id),
    constraint holding_tenant_partner_known foreign key (partner_id) references holding.partner (partner_id)
);

create table holding.customer (
    customer_id          uuid        not null,
    partner_id           text        not null,
    name                 text        not null,
    admin_first_name     text        not null,
    admin_last_name      text        not null,
    admin_email          text        not null,
    address              text,
    plan                 text        not null,
    status               text        not null,
    created_at           timestamptz not null,
    invited_at           timestamptz not null,
    accepted_at          timestamptz,
    -- SHA-256 of the text that the IT admin accepts with; null once it was used.
    invitation_hash      bytea,
    -- The PIN as it is shown, and what it is recognised by; null until the invitation is accepted.
    cpin_sealed          bytea,
    cpin_fingerprint     bytea,
    self_service_alerts  boolean     not null default true,
    -- When the first covered PC came, which switched self-service alerts on; never again after that.
    first_covered_at     timestamptz,

    constraint customer_pkey primary key (customer_id),
    constraint customer_partner_known foreign key (partner_id) references holding.partner (partner_id),
    -- For the place of a PC, which names both.
    constraint customer_and_partner_unique unique (customer_id, partner_id),
    constraint customer_invitation_unique unique (invitation_hash),
    constraint customer_cpin_unique unique (cpin_fingerprint),
    constraint customer_plan_known check (plan in ('premium', 'premium-plus')),
    constraint customer_status_known check (status in ('invited', 'accepted', 'disabled')),
    constraint customer_accepted_has_moment check (status <> 'accepted' or accepted_at is not null)
);

-- For customer.list.
create index customer_partner_idx on holding.customer (partner_id, customer_id);

create table holding.device (
    device_id       bigint      generated always as identity,
    serial          text        not null,
    product_number  text,
    -- The accepted sale; null if nobody reported one, or the PC was given back. A sale may name a partner that the
    -- server does not know yet.
    sold_by         text,
    -- Who filed the sale; null if HP attributed the PC by hand.
    filer           text,
    sold_on         date,
    end_customer    text,
    reported_at     timestamptz,
    -- The place. A partner alone: its holding tenant. A customer with its partner: the customer's dashboard. Neither:
    -- the PC was reported and waits, or was given back. There is no way to write two places.
    partner_id      text,
    customer_id     uuid,
    held_by         text        generated always as (case when customer_id is null then partner_id end) stored,
    -- When it came to its place, or was first heard of.
    since           timestamptz not null,

    constraint device_pkey primary key (device_id),
    -- The same serial number with two product numbers is two PCs.
    constraint device_unique unique nulls not distinct (serial, product_number),
    constraint device_serial_shape check (serial ~ '^[0-9A-Z]{10,12}$'),
    constraint device_dashboard_has_partner check (customer_id is null or partner_id is not null),
    constraint device_dashboard_known
        foreign key (customer_id, partner_id) references holding.customer (customer_id, partner_id)
);

-- For DeviceList of a partner, and its count of unassigned PCs.
create index device_held_by_idx on holding.device (held_by, device_id) where held_by is not null;
create index device_partner_idx on holding.device (partner_id, device_id) where partner_id is not null;
-- For DeviceList of a customer.
create index device_customer_idx on holding.device (customer_id, device_id) where customer_id is not null;
-- For BringIn: what waits for a certification.
create index device_pending_idx on holding.device (sold_by, device_id) where partner_id is null and sold_by is not null;

-- Claims beside the accepted sale.
create table holding.device_claim (
    device_id   bigint      not null,
    partner_id  text        not null,
    -- 'returned': the partner gave the PC back. 'quarantined': its claim contradicts the accepted sale.
    kind        text        not null,
    at          timestamptz not null,

    constraint device_claim_pkey primary key (device_id, partner_id, kind),
    constraint device_claim_device_known foreign key (device_id) references holding.device (device_id),
    constraint device_claim_kind_known check (kind in ('returned', 'quarantined'))
);

-- Care packs, by the serial number of the PC that they cover: the pack may be reported before the PC.
create table holding.cover (
    serial       text        not null,
    part         text        not null,
    -- Null for a care pack that is not in the catalogue: it covers nothing.
    tier         text,
    noted_at     timestamptz not null,

    constraint cover_pkey primary key (serial, part),
    constraint cover_tier_known check (tier in ('premium', 'premium-plus'))
);

-- Everything that happened to a PC, only ever added to.
create table holding.device_history (
    entry_id     bigint      generated always as identity,
    device_id    bigint      not null,
    at           timestamptz not null,
    what         text        not null,
    -- The report and line, the transfer, or the run that did it.
    reference    text        not null,
    -- Whom it is about: what one partner reads, no other does.
    partner_id   text,
    customer_id  uuid,

    -- In the order in which DeviceTrace reads it.
    constraint device_history_pkey primary key (device_id, entry_id)
);

create function holding.refuse_history_change() returns trigger
language plpgsql
set search_path = pg_catalog
as $function$
begin
    raise exception 'the history of a device is only ever added to';
end
$function$;

create trigger device_history_is_append_only
    before update or delete or truncate on holding.device_history
    for each statement execute function holding.refuse_history_change();

-- What many rows of a report refer to is looked up once for each statement: a foreign key looks up each row, which took
-- a quarter of the time of a report. What is referred to never goes away, so that looking when a row comes is enough.
create function holding.refuse_removal() returns trigger
language plpgsql
set search_path = pg_catalog
as $function$
begin
    raise exception 'a row of % stays, and keeps its key: others refer to it', tg_table_name;
end
$function$;

create trigger holding_tenant_stays
    before delete or truncate or update of partner_id on holding.holding_tenant
    for each statement execute function holding.refuse_removal();

create trigger device_stays
    before delete or truncate or update of device_id on holding.device
    for each statement execute function holding.refuse_removal();

create function holding.require_holding_tenant() returns trigger
language plpgsql
set search_path = pg_catalog
as $function$
begin
    if exists (
        select from (select distinct held_by from fresh where held_by is not null) as placed
        where not exists (select from holding.holding_tenant where holding_tenant.partner_id = placed.held_by)
    ) then
        raise exception 'a PC is put into a holding tenant that is not there'
            using errcode = 'foreign_key_violation', constraint = 'device_holding_tenant_known';
    end if;
    return null;
end
$function$;

create trigger device_holding_tenant_known
    after insert on holding.device
    referencing new table as fresh
    for each statement execute function holding.require_holding_tenant();

create trigger device_holding_tenant_still_known
    after update on holding.device
    referencing new table as fresh
    for each statement execute function holding.require_holding_tenant();

-- The plan is made when there are few PCs and kept: looking up each is right for any number of them.
create function holding.require_device() returns trigger
language plpgsql
set search_path = pg_catalog
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $function$
begin
    if exists (
        select from fresh
        where not exists (select from holding.device where device.device_id = fresh.device_id)
    ) then
        raise exception 'an entry of the history is about no PC'
            using errcode = 'foreign_key_violation', constraint = tg_name;
    end if;
    return null;
end
$function$;

create trigger device_history_device_known
    after insert on holding.device_history
    referencing new table as fresh
    for each statement execute function holding.require_device();

-- A PC with the best cover that is known for it. Read with the rights of whoever asks.
create view holding.device_seen with (security_invoker = true) as
select device.*,
    (select max(tier) from holding.cover where cover.serial = device.serial) as tier
from holding.device;

-- Tenants see their own rows; whoever serves them sees all. Forced, so that the owner of the tables is no exception
-- that nobody wrote down.
grant usage on schema holding to holdfast_tenant;
grant select, update on holding.partner to holdfast_tenant;
grant select on holding.certification, holding.holding_tenant to holdfast_tenant;
grant select, insert, update on holding.customer to holdfast_tenant;
grant select on holding.device, holding.cover, holding.device_seen to holdfast_tenant;

alter table holding.partner enable row level security;
alter table holding.partner force row level security;
create policy partner_of_server on holding.partner to current_user using (true) with check (true);
create policy partner_of_tenant on holding.partner to holdfast_tenant
    using (partner_id = holdfast.tenant_partner()) with check (partner_id = holdfast.tenant_partner());

alter table holding.certification enable row level security;
alter table holding.certification force row level security;
create policy certification_of_server on holding.certification to current_user using (true) with check (true);
create policy certification_of_tenant on holding.certification for select to holdfast_tenant
    using (partner_id = holdfast.tenant_partner());

alter table holding.holding_tenant enable row level security;
alter table holding.holding_tenant force row level security;
create policy holding_tenant_of_server on holding.holding_tenant to current_user using (true) with check (true);
create policy holding_tenant_of_tenant on holding.holding_tenant for select to holdfast_tenant
    using (partner_id = holdfast.tenant_partner());

alter table holding.customer enable row level security;
alter table holding.customer force row level security;
create policy customer_of_server on holding.customer to current_user using (true) with check (true);
create policy customer_of_tenant on holding.customer to holdfast_tenant
    using (partner_id = holdfast.tenant_partner() or customer_id::text = holdfast.tenant_customer())
    with check (partner_id = holdfast.tenant_partner() or customer_id::text = holdfast.tenant_customer());

alter table holding.device enable row level security;
alter table holding.device force row level security;
create policy device_of_server on holding.device to current_user using (true) with check (true);
create policy device_of_tenant on holding.device for select to holdfast_tenant
    using (
        partner_id = holdfast.tenant_partner()
        or customer_id::text = holdfast.tenant_customer()
        or serial = holdfast.tenant_serial());

alter table holding.device_claim enable row level security;
alter table holding.device_claim force row level security;
create policy device_claim_of_server on holding.device_claim to current_user using (true) with check (true);

-- A care pack is seen with a PC that is seen.
alter table holding.cover enable row level security;
alter table holding.cover force row level security;
create policy cover_of_server on holding.cover to current_user using (true) with check (true);
create policy cover_of_tenant on holding.cover for select to holdfast_tenant
    using (exists (select from holding.device where device.serial = cover.serial));

alter table holding.device_history enable row level security;
alter table holding.device_history force row level security;
create policy device_history_of_server on holding.device_history to current_user using (true) with check (true);

-- holdfast: down

drop view holding.device_seen;
drop table holding.device_history;
drop function holding.refuse_history_change();
drop function holding.require_device();
drop table holding.cover;
drop table holding.device_claim;
drop table holding.device;
drop function holding.require_holding_tenant();
drop table holding.customer;
drop table holding.holding_tenant;
drop function holding.refuse_removal();
drop table holding.certification;
drop table holding.partner;
drop schema holding;
