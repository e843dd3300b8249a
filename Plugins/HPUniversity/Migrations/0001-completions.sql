-- Learners, and what the university said about the courses that they completed.
-- holdfast: phase expand
-- holdfast: requires holding-tenant@1

create schema university;

-- An account at a learning system, and the partner that its owner works for.
create table university.learner (
    home_page   text        not null,
    name        text        not null,
    partner_id  text        not null,
    linked_at   timestamptz not null,

    constraint learner_pkey primary key (home_page, name),
    constraint learner_partner_known foreign key (partner_id) references holding.partner (partner_id)
);

-- Statements by their id, and signed messages by theirs behind 'webhook:'. The first one under an id stays.
create table university.message (
    message_id   text        not null,
    -- SHA-256 of what it says.
    fingerprint  bytea       not null,
    received_at  timestamptz not null,
    -- 'completion': it counted. 'ignored': it did not. 'voiding': it takes another one back.
    kind         text        not null,
    partner_id   text,
    course       text,
    -- Home page and name of the learner, a line break between them.
    learner      text,
    completed_at timestamptz,
    -- Set when another statement took it back.
    voided_at    timestamptz,
    -- Whether a certification rests on it: from then on it cannot be taken back.
    is_settled   boolean     not null default false,

    constraint message_pkey primary key (message_id),
    constraint message_kind_known check (kind in ('completion', 'ignored', 'voiding')),
    constraint message_partner_known foreign key (partner_id) references holding.partner (partner_id),
    constraint message_completion_is_whole
        check (kind <> 'completion' or num_nulls(partner_id, course, learner, completed_at) = 0),
    constraint message_settled_is_not_void check (not is_settled or voided_at is null)
);

-- For CompletionsOfPartner.
create index message_partner_idx on university.message (partner_id) where kind = 'completion';

-- Statements that were taken back before they came.
create table university.voided_ahead (
    message_id  text        not null,
    voided_at   timestamptz not null,

    constraint voided_ahead_pkey primary key (message_id)
);

-- holdfast: down

drop table university.voided_ahead;
drop table university.message;
drop table university.learner;
drop schema university;
