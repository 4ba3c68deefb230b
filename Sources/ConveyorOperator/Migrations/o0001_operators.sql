-- What operators see and do: the tables of the command line, the recorder and the console, beside Conveyor's own.

-- Ids of emitted messages are of version 5: with it, `verify` and `trace` know from the inbox which messages there must be.
create extension if not exists "uuid-ossp";

create table dead_letters (
    id uuid primary key,
    message_id uuid not null,                     -- made up for a message that had none that can be read
    correlation_id uuid,
    attempts int not null,
    first_failed_at timestamptz not null,
    last_failed_at timestamptz not null,
    recorded_at timestamptz not null default now(),
    sent_at timestamptz,                          -- the message's own time: where its inbox row is
    replaced_by uuid,                             -- the message that was published in its place: it is closed for good
    queue text not null,
    type text not null,
    error_type text not null,
    error text not null,
    "group" text not null,                        -- queue, type and error with its variable parts taken out, hashed
    status text not null default 'open',
    properties json not null,                     -- AMQP basic properties, to publish it again as it was
    headers json not null,
    payload bytea not null,
    subject_type text,                            -- what the message is about, if the application says so
    subject_id uuid,
    constraint status_is_known check (status in ('open', 'replayed', 'discarded')),
    constraint dead_letters_message_key unique (queue, message_id),
    constraint a_replaced_one_is_closed check (replaced_by is null or status = 'replayed')
);
create index dead_letters_open_idx on dead_letters (queue) where status = 'open';
create index dead_letters_group_idx on dead_letters ("group", last_failed_at);
create index dead_letters_last_failed_at_idx on dead_letters (last_failed_at, id);
create index dead_letters_correlation_id_idx on dead_letters (correlation_id);
create index dead_letters_message_id_idx on dead_letters (message_id);
create index dead_letters_subject_id_idx on dead_letters (subject_id);

-- Edited messages. Each is written with the closing of its original, before it is published: so that never both run, and none is lost.
create table replacements (
    dead_letter_id uuid primary key references dead_letters,
    message_id uuid not null unique,
    at timestamptz not null default now(),
    published_at timestamptz,                     -- null: the recorder publishes it, if the process that edited it could not
    properties json not null,                     -- as in dead_letters
    headers json not null,
    payload bytea not null
);
create index replacements_unpublished_idx on replacements (at) where published_at is null;

-- Every action of an operator, and what was seen of a dead letter since.
create table audit_log (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    actor text not null,
    act text not null,                            -- e.g. dead_lettered, replay, edit, discard, pause, resume
    subject text not null,                        -- a dead letter's id, a queue, an account
    message_id uuid,                              -- of an edit: the message that was published in place of the original
    reason text,
    diff json                                     -- of an edit: a JSON Patch that also says what was there before
);
create index audit_log_subject_idx on audit_log (subject, id);
create index audit_log_at_idx on audit_log (at, id);

-- A bulk replay. Its dead letters are fixed when it is made; the process that runs it holds an advisory lock, so that it never runs twice at a time.
create table replay_jobs (
    id uuid primary key,
    at timestamptz not null default now(),
    ended_at timestamptz,
    rate double precision,                        -- messages a second; null: as fast as confirmed
    is_served boolean not null default false,     -- run by the console, which goes on with it after a restart
    canary int not null default 0,                -- so many go first, and the rest only if they are handled
    status text not null,
    actor text not null,
    filter json not null,                         -- the request
    note text,                                    -- why it stopped
    constraint status_is_known check (status in ('running', 'stopped', 'done'))
);
create index replay_jobs_at_idx on replay_jobs (at);
create table replay_job_items (
    job_id uuid not null references replay_jobs,
    position int not null,
    dead_letter_id uuid not null,
    state text not null default 'waiting',
    at timestamptz,
    note text,                                    -- why it was not sent
    primary key (job_id, position),
    constraint state_is_known check (state in ('waiting', 'sent', 'skipped', 'failed'))
);
create unique index replay_job_items_dead_letter_key on replay_job_items (job_id, dead_letter_id);
create index replay_job_items_waiting_idx on replay_job_items (job_id, position) where state = 'waiting';

-- The recorder's measurements of the work queues, every few seconds for a day: charts, and the age of a queue's oldest message.
create table queue_samples (
    queue text not null,
    at timestamptz not null default clock_timestamp(),
    ready bigint not null,
    unacked bigint not null,
    retrying bigint not null,
    dead bigint not null,
    acked bigint not null,                        -- the broker's counter
    counting_since timestamptz not null,          -- when that counter began anew, with the broker
    publish_rate double precision not null,       -- messages a second
    deliver_rate double precision not null,
    primary key (queue, at)
);

-- Operators as people with roles, and their sessions at the console.
create table people (
    name text primary key,
    role text not null,
    password_hash text,                           -- null: signs in with a one-time link only
    created_at timestamptz not null default now(),
    last_seen_at timestamptz,
    constraint name_is_plain check (name ~ '^[A-Za-z0-9._@-]{1,40}$'),
    constraint role_is_known check (role in ('viewer', 'operator', 'admin'))
);
-- No two people differ by spelling alone.
create unique index people_name_key on people (lower(name));

-- Of a secret only its SHA-256 is kept: a copy of the table signs no one in.
create table sign_in_links (
    digest bytea primary key,
    person text not null references people on delete cascade,
    expires_at timestamptz not null
);
create index sign_in_links_person_idx on sign_in_links (person);
create table console_sessions (
    digest bytea primary key,                     -- of the cookie
    name text not null,
    person text references people on delete cascade, -- null: an external account, with a role of its own
    role text,                                    -- null: the person's, as it is at each request
    token_proof bytea,                            -- of CONSOLE_TOKEN, if the session began with it: another token ends the session
    created_at timestamptz not null default now(),
    used_at timestamptz not null default now(),
    expires_at timestamptz not null,
    constraint somebody_has_a_role check ((person is null) = (role is not null)),
    constraint role_is_known check (role in ('viewer', 'operator', 'admin'))
);
create index console_sessions_person_idx on console_sessions (person);
create index console_sessions_expires_at_idx on console_sessions (expires_at);

-- Notifications of groups of dead letters. Written by the recorder; of several, one at a time.
create table notified_groups (
    "group" text primary key,
    at timestamptz not null default now(),
    count bigint not null                         -- of open dead letters at the last notification
);
create table notifications (
    id uuid primary key,
    at timestamptz not null default now(),
    "group" text not null,
    body json not null,
    attempts int not null default 0,
    next_at timestamptz,                          -- null: delivered, or given up
    delivered_at timestamptz,
    error text                                    -- of the last attempt
);
create index notifications_next_at_idx on notifications (next_at) where next_at is not null;

-- One row a call to the world outside, for traces. Written by an application's handlers, if it wants its calls in them.
create table calls (
    id bigint generated always as identity primary key,
    message_id uuid not null,
    correlation_id uuid not null,
    at timestamptz not null,
    took_us int not null,
    kind text not null,
    name text not null,
    outcome text not null
);
create index calls_correlation_id_idx on calls (correlation_id);
