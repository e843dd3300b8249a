-- What partners and customers ask the support team, with the PCs that they list.
-- holdfast: phase expand

create table support_cases.request (
    request_id  uuid        not null,
    -- The caller that opened it; nobody else reads it but the support team.
    opener      text        not null,
    -- Whose PCs are looked up; null for a request of a customer.
    partner_id  text,
    category    text        not null,
    subject     text        not null,
    evidence    jsonb,
    state       text        not null,
    resolution  text,
    opened_at   timestamptz not null,

    constraint request_pkey primary key (request_id),
    constraint request_category_known check (category in ('unassigned-devices-missing', 'general')),
    constraint request_state_known check (state in ('open', 'awaiting-info', 'resolved', 'closed', 'cancelled'))
);

-- For support.list of an opener, and of all.
create index request_opener_idx on support_cases.request (opener, opened_at, request_id);
create index request_opened_at_idx on support_cases.request (opened_at, request_id);

create table support_cases.request_serial (
    request_id  uuid    not null,
    -- Counts from 1, in the order in which they were listed.
    place       integer not null,
    -- In its normal form if it is a serial number, else as it was written.
    serial      text    not null,
    -- What the support team has decided; null as long as the trace speaks for itself.
    outcome     text,

    constraint request_serial_pkey primary key (request_id, place),
    constraint request_serial_unique unique (request_id, serial),
    constraint request_serial_request_known foreign key (request_id) references support_cases.request (request_id)
);

create table support_cases.request_message (
    message_id  bigint      generated always as identity,
    request_id  uuid        not null,
    at          timestamptz not null,
    author      text        not null,
    text        text        not null,

    constraint request_message_pkey primary key (message_id),
    constraint request_message_request_known foreign key (request_id) references support_cases.request (request_id),
    constraint request_message_author_known check (author in ('opener', 'support'))
);

-- For the messages of a request.
create index request_message_request_idx on support_cases.request_message (request_id, message_id);

grant select on support_cases.request, support_cases.request_serial, support_cases.request_message
    to holdfast_tenant;

alter table support_cases.request enable row level security;
alter table support_cases.request force row level security;
create policy request_of_server on support_cases.request to current_user using (true) with check (true);
create policy request_of_opener on support_cases.request for select to holdfast_tenant
    using (opener = holdfast.caller());

alter table support_cases.request_serial enable row level security;
alter table support_cases.request_serial force row level security;
create policy request_serial_of_server on support_cases.request_serial to current_user using (true) with check (true);
create policy request_serial_of_opener on support_cases.request_serial for select to holdfast_tenant
    using (exists (select from support_cases.request where request.request_id = request_serial.request_id));

alter table support_cases.request_message enable row level security;
alter table support_cases.request_message force row level security;
create policy request_message_of_server on support_cases.request_message
    to current_user using (true) with check (true);
create policy request_message_of_opener on support_cases.request_message for select to holdfast_tenant
    using (exists (select from support_cases.request where request.request_id = request_message.request_id));

-- holdfast: down

drop table support_cases.request_message;
drop table support_cases.request_serial;
drop table support_cases.request;
