-- Operators as people with roles, and who is signed in at the console.
create table people (
    name text primary key,
    role text not null,
    password_hash text,                           -- null: signs in with a one-time link only
    created_at timestamptz not null default now(),
    last_seen_at timestamptz,
    constraint name_is_plain check (name ~ '^[A-Za-z0-9._@-]{1,40}$'),
    constraint role_is_known check (role in ('viewer', 'operator', 'admin'))
);
-- Nobody is another person by spelling.
create unique index people_name_key on people (lower(name));

-- Of a secret only its SHA-256 is kept: a copy of the table lets nobody in.
create table sign_in_links (
    digest bytea primary key,
    person text not null references people on delete cascade,
    expires_at timestamptz not null
);
create index sign_in_links_person_idx on sign_in_links (person);
create table console_sessions (
    digest bytea primary key,                     -- of the cookie
    name text not null,
    person text references people on delete cascade, -- null: somebody without an account here, with a role of their own
    role text,                                    -- null: the person's, as it is at each request
    token_proof bytea,                            -- of CONSOLE_TOKEN, if that was what let them in: another token ends the session
    created_at timestamptz not null default now(),
    used_at timestamptz not null default now(),
    expires_at timestamptz not null,
    constraint somebody_has_a_role check ((person is null) = (role is not null)),
    constraint role_is_known check (role in ('viewer', 'operator', 'admin'))
);
create index console_sessions_person_idx on console_sessions (person);
create index console_sessions_expires_at_idx on console_sessions (expires_at);

revoke select on people, sign_in_links, console_sessions
    from conveyor_ingress, conveyor_orders, conveyor_payments, conveyor_inventory, conveyor_email, conveyor_accounts;
grant insert, update, delete on people, sign_in_links, console_sessions to conveyor_recorder;

-- Why a queue is paused.
alter table queue_controls add column reason text;
