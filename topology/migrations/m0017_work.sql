-- What operators see of the work under way, and how they steer it.

-- What workers have held for a moment or longer: each writes its own rows every second. Lost with a crash of the server, as what it says would be.
create unlogged table running (
    worker text not null,                         -- host:pid
    message_id uuid not null,
    queue text not null,
    type text not null,
    attempt int not null,
    since timestamptz not null,
    seen_at timestamptz not null default clock_timestamp(), -- a worker that is gone says nothing any more
    primary key (worker, message_id)
);

-- Rules by which workers reject what matches. Times are those at which a message was sent.
create table skips (
    id bigint generated always as identity primary key,
    queue text not null,
    type text,                                    -- null: any
    actor text,
    since timestamptz,
    until timestamptz,
    reason text not null,
    actor_of_rule text not null,                  -- operator:<name>
    at timestamptz not null default now(),
    caught bigint not null default 0,
    lifted_at timestamptz
);
create index skips_in_force_idx on skips (queue) where lifted_at is null;

-- What recurs. A process that runs one holds a lease, so it runs once however many replicas there are.
create table schedules (
    name text primary key,
    every text not null,                          -- for people: 5m, or a line of cron
    next_at timestamptz not null,
    paused boolean not null default false,
    run_now boolean not null default false,       -- an operator has asked for it
    holder uuid,
    lease_until timestamptz,
    last_at timestamptz,
    outcome text,
    detail text,
    took_ms bigint,
    failures int not null default 0,              -- in a row
    constraint outcome_is_known check (outcome in ('succeeded', 'failed'))
);
alter table schedules set (fillfactor = 50);

-- Messages to be published later, each once: its id is the key.
create table delayed_messages (
    message_id uuid primary key,
    due_at timestamptz not null,
    exchange text not null,
    type text not null,
    actor text not null,
    schema int not null,
    payload bytea not null
);
create index delayed_messages_due_at_idx on delayed_messages (due_at);

revoke select on skips, running, delayed_messages from conveyor_ingress;
revoke select on delayed_messages from conveyor_orders, conveyor_payments, conveyor_inventory, conveyor_email, conveyor_accounts;
grant insert, update, delete on running
    to conveyor_orders, conveyor_payments, conveyor_inventory, conveyor_email, conveyor_accounts, conveyor_recorder;
grant update (caught) on skips to conveyor_orders, conveyor_payments, conveyor_inventory, conveyor_email, conveyor_accounts;
grant insert, update on schedules to conveyor_orders, conveyor_payments, conveyor_inventory, conveyor_email, conveyor_accounts, conveyor_recorder;
grant insert, update on skips to conveyor_recorder;
grant insert, update, delete on delayed_messages to conveyor_recorder;
