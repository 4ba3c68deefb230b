-- Written by inventory-worker.
create table categories (
    id uuid primary key,
    parent_id uuid references categories,
    is_active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    name text not null,
    slug text not null,
    description text,
    constraint categories_slug_key unique (slug),
    constraint category_is_not_its_own_parent check (parent_id <> id)
);
create index categories_parent_id_idx on categories (parent_id);

-- The stock changes with every order: no index holds stock_quantity or updated_at and pages keep room, so those updates stay HOT.
create table products (
    id uuid primary key,
    unit_amount bigint not null,
    category_id uuid references categories,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    stock_quantity int not null default 0,        -- what can still be sold: held and sold units are already taken off
    low_stock_threshold int,                      -- null: the shop's default
    low_stock_crossings int not null default 0,   -- one alert each
    is_active boolean not null default true,
    currency text not null,
    sku text not null,
    name text not null,
    description text not null default '',
    images text[] not null default '{}',
    constraint products_sku_key unique (sku),
    constraint unit_amount_is_not_negative check (unit_amount >= 0),
    constraint stock_is_never_negative check (stock_quantity >= 0)
) with (fillfactor = 50);
create index products_category_id_idx on products (category_id);
create index products_unit_amount_idx on products (unit_amount, id) where is_active;
create index products_name_idx on products (lower(name), id) where is_active;
create index products_created_at_idx on products (created_at, id) where is_active;

-- Searched by words (prefixes too) and by likeness (typos).
create index products_words_idx on products using gin (to_tsvector('simple', sku || ' ' || name || ' ' || description));
create index products_name_trigrams_idx on products using gin (lower(name) gin_trgm_ops);

-- The ledger: the deltas of a product add up to its stock_quantity.
create table stock_movements (
    id bigint generated always as identity primary key,
    product_id uuid not null,
    order_id uuid,
    at timestamptz not null default now(),
    delta int not null,
    stock_after int not null,
    kind text not null,
    actor text not null,
    reason text,
    constraint kind_is_known check (kind in ('initial', 'adjustment', 'reservation', 'release'))
);
create index stock_movements_product_id_idx on stock_movements (product_id, id);

-- What is held for an order: held → sold, or held → released; released → held once more for an order whose money came late.
create table reservations (
    order_id uuid not null,
    product_id uuid not null,
    quantity int not null,
    state text not null default 'held',
    at timestamptz not null default now(),
    primary key (order_id, product_id),
    constraint quantity_is_positive check (quantity > 0),
    constraint state_is_known check (state in ('held', 'sold', 'released'))
) with (fillfactor = 80);

grant insert, update, delete on categories, products to conveyor_inventory;
grant insert on stock_movements to conveyor_inventory;
grant insert, update on reservations to conveyor_inventory;
