-- Written by payments-worker.
create table payments (
    payment_intent_id text primary key,
    order_id uuid not null,
    amount bigint not null,
    amount_received bigint not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    stripe_updated_at timestamptz,                -- of the newest event or answer that was applied, by Stripe's clock; null: only its creation is known
    currency text not null,
    status text not null,                         -- Stripe's
    client_secret text not null,
    latest_charge_id text,
    failed_attempt text,                          -- the newest attempt to pay that failed: its charge, or what else tells it from others
    failure_code text,
    failure_message text
);
create index payments_order_id_idx on payments (order_id);
create unique index payments_live_intent_key on payments (order_id) where status <> 'canceled';

create table refunds (
    id uuid primary key,                          -- the message id of the command that asked, or derived from Stripe's id
    order_id uuid not null,
    amount bigint not null,
    created_at timestamptz not null default now(),
    held_at timestamptz not null default now(),   -- Stripe knows the idempotency key for 24 hours from then
    round smallint not null default 1,            -- raised when it is asked for again after a refusal: each round has a key of its own
    updated_at timestamptz not null default now(),
    payment_intent_id text not null,
    refund_id text unique,                        -- Stripe's; null while it is held and not yet asked for
    currency text not null,
    status text not null,                         -- held, then Stripe's: pending, requires_action, succeeded, failed, canceled; refused
    reason text,
    failure_reason text,
    actor text not null,
    constraint amount_is_positive check (amount > 0)
);
create index refunds_payment_intent_id_idx on refunds (payment_intent_id);
create index refunds_order_id_idx on refunds (order_id);

create table disputes (
    dispute_id text primary key,
    order_id uuid not null,
    amount bigint not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(), -- by Stripe's clock
    payment_intent_id text not null,
    currency text not null,
    status text not null,
    reason text
);
create index disputes_order_id_idx on disputes (order_id);

create table stripe_events (
    id text primary key,
    created_at timestamptz not null,              -- at Stripe
    received_at timestamptz not null default now(),
    type text not null,
    object_id text,                               -- the PaymentIntent that it is about, where there is one
    state text not null,                          -- applied, ignored, waiting (for its intent to be known)
    payload json not null
);
create index stripe_events_waiting_idx on stripe_events (object_id) where state = 'waiting';

-- Where the backfill of missed events goes on: after this event; from this time while there is none.
create table stripe_cursor (
    only_row boolean primary key default true check (only_row),
    created_at timestamptz not null,
    event_id text
);

grant insert, update on payments, refunds, disputes, stripe_events, stripe_cursor to conveyor_payments;
