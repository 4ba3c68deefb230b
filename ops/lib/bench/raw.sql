-- One order's tables and nothing else, and ready-made batches of 64 orders for raw-batch.sql.
create table products (id uuid primary key, price int not null, active boolean not null);
create table stock (product_id uuid primary key, available int not null) with (fillfactor = 50);
create table orders (
    id uuid primary key, user_id uuid not null, status text not null, total int not null, created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(), address json not null
) with (fillfactor = 50);
create table order_items (order_id uuid, product_id uuid, quantity int not null, price int not null, primary key (order_id, product_id));
create table order_events (id bigint generated always as identity primary key, order_id uuid not null, status text not null, at timestamptz not null default now());

insert into products select gen_random_uuid(), 500 + n * 7 % 9000, true from generate_series(1, 1000) n;
insert into stock select id, 1000000 from products;

-- Two different products an order: one from either half.
create table batches (n int primary key, orders uuid[], users uuid[], firsts uuid[], seconds uuid[]);
with halves as (
    select array_agg(id) filter (where half = 0) as low, array_agg(id) filter (where half = 1) as high
    from (select id, row_number() over () % 2 as half from products) p
)
insert into batches
select n, array_agg(gen_random_uuid()), array_agg(gen_random_uuid()), array_agg(low[1 + floor(random() * 500)::int]), array_agg(high[1 + floor(random() * 500)::int])
from halves, generate_series(1, :batches) n, generate_series(1, 64) group by n;
vacuum analyze;
