-- Files that callers send in parts: reports and lists of serial numbers.
-- holdfast: phase expand

create table holding.upload (
    upload_id   uuid        not null,
    -- Who sends it; nobody else may read or use it.
    owner       text        not null,
    bytes       bigint      not null,
    sha256      bytea       not null,
    -- How many bytes are there, without a gap from the beginning.
    received    bigint      not null default 0,
    -- Set when all bytes are there and have the sum that was announced.
    is_whole    boolean     not null default false,
    created_at  timestamptz not null,

    constraint upload_pkey primary key (upload_id),
    constraint upload_sha256_is_sum check (octet_length(sha256) = 32),
    constraint upload_received_fits check (received between 0 and bytes),
    constraint upload_whole_is_received check (not is_whole or received = bytes)
);

create table holding.upload_part (
    upload_id  uuid   not null,
    -- Of its first byte.
    start      bigint not null,
    content    bytea  not null,

    constraint upload_part_pkey primary key (upload_id, start),
    constraint upload_part_upload_known foreign key (upload_id) references holding.upload (upload_id)
);

-- The bytes are read as they are; compressing them would cost more time than room.
alter table holding.upload_part alter column content set storage external;

grant select, insert, update on holding.upload to holdfast_tenant;
grant select, insert on holding.upload_part to holdfast_tenant;

alter table holding.upload enable row level security;
alter table holding.upload force row level security;
create policy upload_of_server on holding.upload to current_user using (true) with check (true);
create policy upload_of_owner on holding.upload to holdfast_tenant
    using (owner = holdfast.caller()) with check (owner = holdfast.caller());

alter table holding.upload_part enable row level security;
alter table holding.upload_part force row level security;
create policy upload_part_of_server on holding.upload_part to current_user using (true) with check (true);
create policy upload_part_of_owner on holding.upload_part to holdfast_tenant
    using (exists (select from holding.upload where upload.upload_id = upload_part.upload_id))
    with check (exists (select from holding.upload where upload.upload_id = upload_part.upload_id));

-- holdfast: down

drop table holding.upload_part;
drop table holding.upload;
