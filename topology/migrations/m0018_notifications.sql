-- What was said of groups of dead letters, and what is still to be said. By the recorder; of several, one at a time.
create table notified_groups (
    "group" text primary key,
    at timestamptz not null default now(),
    count bigint not null                         -- of open dead letters, when it was last said
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

revoke select on notified_groups, notifications
    from conveyor_ingress, conveyor_orders, conveyor_payments, conveyor_inventory, conveyor_email, conveyor_accounts;
grant insert, update, delete on notified_groups, notifications to conveyor_recorder;

-- Operators find customers and orders by what customers quote.
create index users_email_words_idx on users using gin (lower(email) gin_trgm_ops);
create index users_full_name_words_idx on users using gin (lower(full_name) gin_trgm_ops);
