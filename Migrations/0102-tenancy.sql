-- The role that queries for a tenant run as, and what row-level security asks about the caller.
--
-- A transaction for a partner, a reporter, a device or a customer runs as holdfast_tenant, which owns nothing, cannot
-- log in and does not bypass row-level security. A table that holds tenants' rows enables and forces row-level security
-- and has a policy for holdfast_tenant in terms of these functions; a query that forgets its where shows nothing.
-- holdfast: phase expand

create schema if not exists holdfast;

do $do$
begin
    -- Roles belong to the whole cluster: another database of it may have made this one, or be making it at this moment.
    if not exists (select from pg_catalog.pg_roles where rolname = 'holdfast_tenant') then
        create role holdfast_tenant nologin nosuperuser nobypassrls nocreatedb nocreaterole;
    end if;
exception
    when duplicate_object or unique_violation then null;
end
$do$;

do $do$
begin
    grant holdfast_tenant to current_user;
exception
    -- Another database of the cluster granted it in the same moment.
    when unique_violation then null;
end
$do$;
grant usage on schema holdfast to holdfast_tenant;

-- The setting is null before it was first set in a connection, and '' after the transaction that set it: both mean
-- that there is no such tenant, and compare equal to nothing.
create function holdfast.tenant_partner() returns text
language sql stable parallel safe
set search_path = pg_catalog
as $function$ select nullif(current_setting('holdfast.partner', true), '') $function$;

create function holdfast.tenant_reporter() returns text
language sql stable parallel safe
set search_path = pg_catalog
as $function$ select nullif(current_setting('holdfast.reporter', true), '') $function$;

create function holdfast.tenant_serial() returns text
language sql stable parallel safe
set search_path = pg_catalog
as $function$ select nullif(current_setting('holdfast.serial', true), '') $function$;

create function holdfast.tenant_customer() returns text
language sql stable parallel safe
set search_path = pg_catalog
as $function$ select nullif(current_setting('holdfast.customer', true), '') $function$;

-- What every change writes, whoever makes it. A caller sees and adds only its own.
grant select, insert, update on holdfast.idempotency_key to holdfast_tenant;
grant select, insert, update on holdfast.audit_chain to holdfast_tenant;
grant insert on holdfast.audit_log to holdfast_tenant;

create function holdfast.caller() returns text
language sql stable parallel safe
set search_path = pg_catalog
as $function$ select nullif(current_setting('holdfast.caller', true), '') $function$;

alter table holdfast.idempotency_key enable row level security;
create policy idempotency_key_of_caller on holdfast.idempotency_key to holdfast_tenant
    using (principal = holdfast.caller()) with check (principal = holdfast.caller());

alter table holdfast.audit_chain enable row level security;
create policy audit_chain_of_caller on holdfast.audit_chain to holdfast_tenant
    using (chain = holdfast.caller()) with check (chain = holdfast.caller());

alter table holdfast.audit_log enable row level security;
create policy audit_log_of_caller on holdfast.audit_log for insert to holdfast_tenant
    with check (chain = holdfast.caller());

-- holdfast: down
drop policy audit_log_of_caller on holdfast.audit_log;
alter table holdfast.audit_log disable row level security;
drop policy audit_chain_of_caller on holdfast.audit_chain;
alter table holdfast.audit_chain disable row level security;
drop policy idempotency_key_of_caller on holdfast.idempotency_key;
alter table holdfast.idempotency_key disable row level security;
revoke all on holdfast.audit_log from holdfast_tenant;
revoke all on holdfast.audit_chain from holdfast_tenant;
revoke all on holdfast.idempotency_key from holdfast_tenant;
drop function holdfast.caller();
drop function holdfast.tenant_customer();
drop function holdfast.tenant_serial();
drop function holdfast.tenant_reporter();
drop function holdfast.tenant_partner();
revoke usage on schema holdfast from holdfast_tenant;
