-- Alerts of PCs, and the repair cases that are made of them.
-- holdfast: phase expand
-- holdfast: requires holding-tenant@3

create schema support_cases;

create table support_cases.alert (
    alert_id       uuid        not null,
    device_id      bigint      not null,
    serial         text        not null,
    type           text        not null,
    -- Kind and slot of the part; empty if the report names none.
    component      text        not null,
    severity       text        not null,
    state          text        not null,
    was_delivered  boolean     not null,
    evidence       jsonb,
    raised_at      timestamptz not null,
    updated_at     timestamptz not null,

    constraint alert_pkey primary key (alert_id),
    constraint alert_device_known foreign key (device_id) references holding.device (device_id),
    constraint alert_state_known check (state in (
        'raised', 'delivered', 'viewed', 'case-submitted', 'dismissed', 'expired', 'cleared', 'suppressed'))
);

-- One open alert for each fault: the same fault again updates it.
create unique index alert_open_fault_unique on support_cases.alert (device_id, type, component)
    where state in ('raised', 'delivered', 'viewed', 'case-submitted', 'suppressed');
-- For alert.list of one PC, and of all.
create index alert_serial_idx on support_cases.alert (serial, raised_at, alert_id);
create index alert_raised_at_idx on support_cases.alert (raised_at, alert_id);

-- The letters and the last number of a partner's CSDP references. A number is never used twice.
create table support_cases.csdp_counter (
    partner_id   text   not null,
    initials     text   not null,
    last_number  bigint not null,

    constraint csdp_counter_pkey primary key (partner_id),
    constraint csdp_counter_partner_known foreign key (partner_id) references holding.partner (partner_id)
);

create table support_cases.repair_case (
    case_id          uuid        not null,
    alert_id         uuid        not null,
    serial           text        not null,
    -- The partner that held the PC, or managed its customer, when the case was submitted.
    partner_id       text,
    -- Who handles it: 'hp-customer-support' or 'partner'.
    handler          text        not null,
    routed_to        text        not null,
    csdp_account     text,
    reference        text,
    order_number     text,
    state            text        not null,
    -- Who submitted it, and from where.
    submitter        text        not null,
    origin           text        not null,
    contact          jsonb       not null,
    address          text,
    note             text,
    scheduled_at     timestamptz,
    scheduled_until  timestamptz,
    submitted_at     timestamptz not null,

    constraint repair_case_pkey primary key (case_id),
    -- One alert has at most one case.
    constraint repair_case_alert_unique unique (alert_id),
    constraint repair_case_alert_known foreign key (alert_id) references support_cases.alert (alert_id),
    constraint repair_case_reference_unique unique (partner_id, reference),
    constraint repair_case_order_unique unique (order_number),
    constraint repair_case_routing_known check (routed_to in ('hp-customer-support', 'csdp')),
    constraint repair_case_handler_known check (handler in ('hp-customer-support', 'partner')),
    constraint repair_case_csdp_has_account
        check (routed_to <> 'csdp' or state in ('pending-csdp-link', 'cancelled') or
            num_nulls(csdp_account, reference) = 0),
    constraint repair_case_state_known check (state in (
        'pending-csdp-link', 'submitted', 'accepted', 'scheduled', 'in-repair', 'awaiting-customer', 'resolved',
        'closed', 'rejected', 'cancelled'))
);

-- For repair.list of a partner and of a submitter, and for cases that wait for an account.
create index repair_case_partner_idx on support_cases.repair_case (partner_id, submitted_at, case_id);
create index repair_case_submitter_idx on support_cases.repair_case (submitter, submitted_at, case_id);
create index repair_case_submitted_at_idx on support_cases.repair_case (submitted_at, case_id);

create table support_cases.repair_history (
    entry_id  bigint      generated always as identity,
    case_id   uuid        not null,
    at        timestamptz not null,
    step      text        not null,
    state     text        not null,
    detail    jsonb       not null,

    constraint repair_history_pkey primary key (entry_id),
    constraint repair_history_case_known foreign key (case_id) references support_cases.repair_case (case_id)
);

create index repair_history_case_idx on support_cases.repair_history (case_id, entry_id);

grant usage on schema support_cases to holdfast_tenant;
grant select on support_cases.alert, support_cases.repair_case, support_cases.repair_history to holdfast_tenant;

-- An alert is seen by its PC, and by whoever sees the PC in a dashboard: never in a holding tenant.
alter table support_cases.alert enable row level security;
alter table support_cases.alert force row level security;
create policy alert_of_server on support_cases.alert to current_user using (true) with check (true);
create policy alert_of_tenant on support_cases.alert for select to holdfast_tenant
    using (
        serial = holdfast.tenant_serial()
        or exists (
            select from holding.device
            where device.device_id = alert.device_id and device.customer_id is not null));

alter table support_cases.csdp_counter enable row level security;
alter table support_cases.csdp_counter force row level security;
create policy csdp_counter_of_server on support_cases.csdp_counter to current_user using (true) with check (true);

alter table support_cases.repair_case enable row level security;
alter table support_cases.repair_case force row level security;
create policy repair_case_of_server on support_cases.repair_case to current_user using (true) with check (true);
create policy repair_case_of_tenant on support_cases.repair_case for select to holdfast_tenant
    using (partner_id = holdfast.tenant_partner() or submitter = holdfast.caller());

alter table support_cases.repair_history enable row level security;
alter table support_cases.repair_history force row level security;
create policy repair_history_of_server on support_cases.repair_history to current_user using (true) with check (true);
create policy repair_history_of_tenant on support_cases.repair_history for select to holdfast_tenant
    using (exists (select from support_cases.repair_case where repair_case.case_id = repair_history.case_id));

-- holdfast: down

drop table support_cases.repair_history;
drop table support_cases.repair_case;
drop table support_cases.csdp_counter;
drop table support_cases.alert;
drop schema support_cases;
