-- What canary.ledger books, one row for each transactional step.
-- holdfast: phase expand

create schema canary;

create table canary.ledger (
    entry_id  bigint generated always as identity,
    account   text   not null,
    amount    bigint not null,
    run_id    uuid   not null,
    -- The number of the entry within its run, from 1. No constraint keeps it unique: tests count duplicates.
    number    integer not null,

    constraint ledger_pkey primary key (entry_id)
);

-- For canary.balance.
create index ledger_account_idx on canary.ledger (account);

-- holdfast: down

drop table canary.ledger;
drop schema canary;
