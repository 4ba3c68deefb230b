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
    constraint status_is_known check (status in ('open', 'replayed', 'discarded')),
    constraint dead_letters_message_key unique (queue, message_id),
    constraint a_replaced_one_is_closed check (replaced_by is null or status = 'replayed')
);
create index dead_letters_open_idx on dead_letters (queue) where status = 'open';
create index dead_letters_group_idx on dead_letters ("group", last_failed_at);
create index dead_letters_last_failed_at_idx on dead_letters (last_failed_at, id);
create index dead_letters_correlation_id_idx on dead_letters (correlation_id);
create index dead_letters_message_id_idx on dead_letters (message_id);
create index dead_letters_order_id_idx on dead_letters (order_id);

-- Edited messages. Each is written with the closing of its original, before it is published: so that never both run, and none is lost.
create table replacements (
    dead_letter_id uuid primary key references dead_letters,
    message_id uuid not null unique,
    at timestamptz not null default now(),
    published_at timestamptz,                     -- null: the recorder publishes it, if whoever edited it could not
    properties json not null,                     -- as in dead_letters
    headers json not null,
    payload bytea not null
);
create index replacements_unpublished_idx on replacements (at) where published_at is null;

-- Every act of an operator, and what was seen of a dead letter since.
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

-- A bulk replay. Its letters are fixed when it is made; whoever runs it holds an advisory lock, so that it is never run twice at a time.
create table replay_jobs (
    id uuid primary key,
    at timestamptz not null default now(),
    ended_at timestamptz,
    rate double precision,                        -- messages a second; null: as fast as confirmed
    is_served boolean not null default false,     -- run by the console, which goes on with it after a restart
    canary int not null default 0,                -- so many go first, and the rest only if they are handled
    status text not null,
    actor text not null,
    filter json not null,                         -- what was asked for
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

-- What the recorder has seen of the work queues, every few seconds for a day: charts, and the age of a queue's oldest message.
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

-- What workers look at while they run.
create table queue_controls (
    queue text primary key,
    paused boolean not null default false,
    at timestamptz not null default now(),
    actor text not null
);

grant insert, update on dead_letters, replacements, replay_jobs, replay_job_items, queue_controls to conveyor_recorder;
grant insert on audit_log to conveyor_recorder;
grant insert, delete on queue_samples to conveyor_recorder;

-- Payloads are personal data: they are for operators. Of the parts, one asks whether an operation's message is dead.
revoke select on dead_letters, replacements, audit_log, replay_jobs, replay_job_items, queue_samples
    from conveyor_ingress, conveyor_orders, conveyor_payments, conveyor_inventory, conveyor_email, conveyor_accounts;
grant select (id, message_id, correlation_id, order_id, attempts, first_failed_at, last_failed_at, queue, type, error_type, status)
    on dead_letters to conveyor_ingress;
