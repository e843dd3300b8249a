-- Transfers of PCs between places, and the keys with which the server seals what it has to show again.
-- holdfast: phase expand

create table holding.transfer (
    transfer_id    uuid        not null,
    partner_id     text        not null,
    -- The dashboards that the PCs left and came to; null stands for the partner's holding tenant.
    from_customer  uuid,
    to_customer    uuid,
    -- 'transfer', 'undo' or 'enrolment'.
    kind           text        not null,
    -- The transfer that an undo takes back. A transfer is undone once.
    undoes         uuid,
    run_id         uuid,
    moved_at       timestamptz not null,

    constraint transfer_pkey primary key (transfer_id),
    constraint transfer_partner_known foreign key (partner_id) references holding.partner (partner_id),
    constraint transfer_changes_place check (from_customer is distinct from to_customer),
    constraint transfer_kind_known check (kind in ('transfer', 'undo', 'enrolment')),
    constraint transfer_undo_known foreign key (undoes) references holding.transfer (transfer_id)
);

-- For the foreign key; most transfers undo nothing.
create index transfer_undoes_idx on holding.transfer (undoes) where undoes is not null;

create table holding.transfer_device (
    transfer_id  uuid   not null,
    device_id    bigint not null,

    constraint transfer_device_pkey primary key (transfer_id, device_id),
    constraint transfer_device_transfer_known foreign key (transfer_id) references holding.transfer (transfer_id),
    constraint transfer_device_device_known foreign key (device_id) references holding.device (device_id)
);

-- No tenant is granted either table: transfers are made and read with the server's rights, by partner.
alter table holding.transfer enable row level security;
alter table holding.transfer force row level security;
create policy transfer_of_server on holding.transfer to current_user using (true) with check (true);

alter table holding.transfer_device enable row level security;
alter table holding.transfer_device force row level security;
create policy transfer_device_of_server on holding.transfer_device to current_user using (true) with check (true);

create table holding.server_key (
    name  text  not null,
    key   bytea not null,

    constraint server_key_pkey primary key (name),
    constraint server_key_is_long_enough check (octet_length(key) = 32)
);

-- holdfast: down

drop table holding.server_key;
drop table holding.transfer_device;
drop table holding.transfer;
