-- The sixth worker: deliveries to partners. As in m0001.
do $$
begin
    if not exists (select from pg_roles where rolname = 'conveyor_webhooks') then
        begin
            create role conveyor_webhooks nologin;
        exception when duplicate_object or unique_violation then null;
        end;
    end if;
end
$$;
grant usage on schema public to conveyor_webhooks;

-- Where deliveries go. Written by webhooks-worker.
create table webhook_endpoints (
    id uuid primary key,
    url text not null,
    events text[] not null,                       -- types of events, <area>.* or *
    is_active boolean not null default true,
    description text not null default '',
    secret text not null,                         -- sealed under SECRET_KEY
    previous_secret text,
    previous_until timestamptz,                   -- it signs until then
    failing_since timestamptz,                    -- nothing but failures since then
    off_reason text,                              -- why the worker switched it off: gone, failing
    changed json,                                 -- what was changed last, see Changes
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint off_reason_is_known check (off_reason in ('gone', 'failing'))
);

-- One row an (endpoint, event): what became of it.
create table webhook_deliveries (
    id uuid primary key,
    endpoint_id uuid not null references webhook_endpoints on delete cascade,
    event_id uuid not null,                       -- webhook-id
    correlation_id uuid not null,
    type text not null,
    subject_type text not null,                   -- what is sent of it: read when it is sent
    subject_id uuid not null,
    event_at timestamptz not null,
    status text not null default 'pending',
    attempts int not null default 0,
    failures int not null default 0,              -- since it was last asked for: its place on the ladder
    is_asked boolean not null default false,      -- a ping, or sent once more: also while the endpoint is switched off
    answer_status int,
    answer_body text,                             -- its beginning
    answer_ms int,
    error text,                                   -- of the last attempt, if there was no answer
    next_attempt_at timestamptz default now(),
    lease_until timestamptz,                      -- a process is sending it
    retry_until timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint webhook_deliveries_event_key unique (endpoint_id, event_id),
    constraint status_is_known check (status in ('pending', 'delivered', 'failed')),
    constraint only_what_is_pending_is_sent check ((status = 'pending') = (next_attempt_at is not null))
);
create index webhook_deliveries_due_idx on webhook_deliveries (endpoint_id, next_attempt_at) where status = 'pending';
-- Few rows, however many wait: those that are being sent.
create index webhook_deliveries_leased_idx on webhook_deliveries (endpoint_id, lease_until) where lease_until is not null;
create index webhook_deliveries_list_idx on webhook_deliveries (endpoint_id, created_at, id);
create index webhook_deliveries_subject_idx on webhook_deliveries (subject_id);

-- Events that a queue hears only while somebody wants them: bound at the broker beside the topology, and published although nobody else may hear them.
create table wanted_events (
    queue text not null,
    type text not null,
    since timestamptz not null default now(),     -- every worker publishes it a moment later
    at timestamptz not null default now(),        -- when it was last wanted
    primary key (queue, type)
);

revoke select on webhook_endpoints, webhook_deliveries
    from conveyor_ingress, conveyor_orders, conveyor_payments, conveyor_inventory, conveyor_email, conveyor_accounts, conveyor_recorder;
grant select (id, url, events, is_active, description, failing_since, off_reason, created_at, updated_at, previous_until)
    on webhook_endpoints to conveyor_ingress, conveyor_recorder;
grant select on webhook_deliveries to conveyor_ingress, conveyor_recorder;
grant select, insert, update, delete on webhook_endpoints, webhook_deliveries, wanted_events to conveyor_webhooks;

-- What it does as every worker does, and what it reads to send it.
grant select on schema_migrations, queue_controls, skips, running, schedules, attempts, wanted_events to conveyor_webhooks;
grant insert on inbox, attempts, calls to conveyor_webhooks;
grant insert, update, delete on running to conveyor_webhooks;
grant update (caught) on skips to conveyor_webhooks;
grant insert, update on schedules to conveyor_webhooks;
grant execute on function inbox_kept_since() to conveyor_webhooks;
grant select on orders, order_items, refunds, products, categories, carts, cart_items to conveyor_webhooks;
grant select (id, is_active, is_superuser, email_verified, created_at, updated_at, erased_at, email, full_name, wants_push, wants_sms, wants_email_updates)
    on users to conveyor_webhooks;
do $$
declare
    columns text;
begin
    select string_agg(quote_ident(attname), ', ') into columns from pg_attribute
    where attrelid = 'payments'::regclass and attnum > 0 and not attisdropped and attname <> 'client_secret';
    execute format('grant select (%s) on payments to conveyor_webhooks', columns);
    select string_agg(quote_ident(attname), ', ') into columns from pg_attribute
    where attrelid = 'inbox'::regclass and attnum > 0 and not attisdropped and attname not in ('result', 'problem');
    execute format('grant select (%s) on inbox to conveyor_webhooks', columns);
end
$$;
