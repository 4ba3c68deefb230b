-- Written by orders-worker. No foreign keys on the hot path: one statement writes an order with its lines and events, and nothing deletes them.

-- One row a user who has ever had a cart. Whoever changes the cart locks it first.
create table carts (
    user_id uuid primary key,
    cleared_at timestamptz                        -- when the last command to empty it was sent; items set before that stay out
);

-- The newest command for an item wins, by the time it was sent, in whatever order they come: so a removed item stays as a row of quantity 0.
create table cart_items (
    user_id uuid not null,
    product_id uuid not null,
    quantity int not null,
    updated_at timestamptz not null,              -- when the command was sent
    primary key (user_id, product_id),
    constraint quantity_is_not_negative check (quantity >= 0)
);

create sequence order_numbers start 1001;

create table orders (
    id uuid primary key,                          -- the message id of the command that placed it
    user_id uuid not null,
    number bigint not null default nextval('order_numbers'),
    total_amount bigint not null,
    amount_refunded bigint not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    payment_due_at timestamptz,
    disputed boolean not null default false,
    status text not null,
    payment_status text not null default 'unpaid',
    currency text not null,
    payment_intent_id text,
    revival text,                                 -- of an order whose money came after it was given up: its stock was asked for again, held, refused
    carrier text,
    tracking_number text,
    rejection json,
    shipping_address json not null,
    billing_address json,
    constraint status_is_known
        check (status in ('pending', 'awaiting_payment', 'paid', 'shipped', 'completed', 'rejected', 'cancelled', 'expired')),
    constraint payment_status_is_known
        check (payment_status in ('unpaid', 'processing', 'paid', 'failed', 'partially_refunded', 'refunded')),
    constraint revival_is_known check (revival in ('asked', 'held', 'refused')),
    constraint refunded_is_at_most_the_total check (amount_refunded between 0 and total_amount)
) with (fillfactor = 50);                          -- a whole batch is updated right after it was written: half of each page for that, so it stays HOT
alter sequence order_numbers owned by orders.number;
create index orders_user_id_idx on orders (user_id, created_at, id);
create index orders_created_at_idx on orders (created_at, id);

create table order_items (
    order_id uuid not null,
    product_id uuid not null,
    unit_amount bigint not null,                  -- the price of the moment of ordering
    quantity int not null,
    sku text not null,
    name text not null,
    primary key (order_id, product_id),
    constraint quantity_is_positive check (quantity > 0)
);

-- The timeline.
create table order_events (
    id bigint generated always as identity,
    order_id uuid not null,
    message_id uuid not null,
    causation_id uuid,
    at timestamptz not null default clock_timestamp(),
    type text not null,
    status text not null,
    actor text not null,
    detail json,
    primary key (order_id, id)
);

-- Apart from orders, so that a deadline costs an order's update no index entry. A row stays until its deadline has passed and been seen to.
create table payment_deadlines (
    due_at timestamptz not null,
    order_id uuid not null,
    primary key (due_at, order_id)
);

grant insert, update on carts, cart_items, orders to conveyor_orders;
-- `for update` asks for the right to update.
grant insert, update, delete on payment_deadlines to conveyor_orders;
grant insert on order_items, order_events to conveyor_orders;
grant usage on sequence order_numbers to conveyor_orders;
