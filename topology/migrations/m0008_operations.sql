-- What operators see and do. Written by the recorder's role.
create table dead_letters (
    id uuid primary key,
    message_id uuid not null,                     -- made up for a message that had none that can be read
    correlation_id uuid,
    order_id uuid,
    attempts int not null,
    first_failed_at timestamptz not null,
    last_failed_at timestamptz not null,
    recorded_at timestamptz not null default now(),
    queue text not null,
    type text not null,
    error_type text not null,
    error text not null,
    "group" text not null,                        -- queue, type and error with its variable parts taken out, hashed
    status text not null default 'open',
    properties json not null,                     -- AMQP basic properties, to publish it again as it was
    headers json not null,
    payload bytea not null,
    constraint status_is_known check (status in ('open', 'replayed', 'discarded')),
    constraint dead_letters_message_key unique (queue, message_id)
);
create index dead_letters_group_idx on dead_letters ("group", last_failed_at);
create index dead_letters_last_failed_at_idx on dead_letters (last_failed_at, id);
create index dead_letters_correlation_id_idx on dead_letters (correlation_id);

-- Every act of an operator, and what was seen of a dead letter since.
create table audit_log (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    actor text not null,
    act text not null,                            -- e.g. dead_lettered, replay, edit, discard, pause, resume
    subject text not null,                        -- a dead letter's id, a queue, an account
    reason text,
    diff json
);
create index audit_log_subject_idx on audit_log (subject, id);

create table replay_jobs (
    id uuid primary key,
    at timestamptz not null default now(),
    rate double precision,                        -- messages a second; null: as fast as confirmed
    canary int not null default 0,
    status text not null,                         -- running, stopped, done
    actor text not null,
    filter json not null,
    note text
);
create table replay_job_items (
    job_id uuid not null references replay_jobs,
    position int not null,
    dead_letter_id uuid not null,
    state text not null default 'waiting',        -- waiting, sent, skipped, failed
    at timestamptz,
    primary key (job_id, position)
);
create unique index replay_job_items_dead_letter_key on replay_job_items (job_id, dead_letter_id);

-- What workers look at while they run.
create table queue_controls (
    queue text primary key,
    paused boolean not null default false,
    at timestamptz not null default now(),
    actor text not null
);

grant insert, update on dead_letters, replay_jobs, replay_job_items, queue_controls to conveyor_recorder;
grant insert on audit_log to conveyor_recorder;
