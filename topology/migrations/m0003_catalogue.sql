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
    edited json,                                  -- when each field was last changed: milliseconds since 1970 at which its command was sent
    constraint categories_slug_key unique (slug),
    constraint category_is_not_its_own_parent check (parent_id <> id)
);
create index categories_parent_id_idx on categories (parent_id);

-- A text as it is searched: punctuation parts words. Immutable, so that a column can be made by it.
create function searchable(text) returns text immutable strict parallel safe language sql
    return translate($1, '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', repeat(' ', 32));

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
    stock_set_at timestamptz,                     -- when the last command was sent that set the stock to a count: an older one that comes late changes nothing
    is_active boolean not null default true,
    currency text not null,
    sku text not null,
    name text not null,
    description text not null default '',
    images text[] not null default '{}',
    edited json,                                  -- as in categories
    words tsvector not null generated always as (
        setweight(to_tsvector('simple', searchable(sku || ' ' || name)), 'A') || setweight(to_tsvector('simple', searchable(description)), 'D')
    ) stored,
    constraint products_sku_key unique (sku),
    constraint unit_amount_is_in_range check (unit_amount between 0 and 1000000000000),   -- so that no order's total can overflow
    constraint stock_is_never_negative check (stock_quantity >= 0)
) with (fillfactor = 50);
create index products_category_id_idx on products (category_id);
create index products_unit_amount_idx on products (unit_amount, id) where is_active;
create index products_name_idx on products (lower(name), id) where is_active;
create index products_created_at_idx on products (created_at, id) where is_active;

create index products_words_idx on products using gin (words);

-- Every word that a product has or once had: what a mistyped word is likely to mean is looked up here, not in the products.
create table product_words (
    word text collate "C" primary key
);
create index product_words_trigrams_idx on product_words using gin (word gin_trgm_ops);

-- In the order of the words, so that two transactions that bring the same ones wait for each other and never deadlock.
create function add_product_words() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into product_words select distinct unnest(tsvector_to_array(words)) as word from inserted order by word on conflict do nothing;
    else
        insert into product_words select unnest(tsvector_to_array(new.words)) as word order by word on conflict do nothing;
    end if;
    return null;
end
$$;
create trigger products_words_of_new after insert on products referencing new table as inserted for each statement execute function add_product_words();
-- Not for a change of the stock alone, as no order must pay for it.
create trigger products_words_of_changed after update of sku, name, description on products
    for each row when (old.words is distinct from new.words) execute function add_product_words();

-- The ledger: the deltas of a product add up to its stock_quantity.
create table stock_movements (
    id bigint generated always as identity,
    product_id uuid not null,
    order_id uuid,
    at timestamptz not null default now(),
    delta int not null,
    stock_after int not null,
    kind text not null,
    actor text not null,
    reason text,
    primary key (product_id, id),
    constraint kind_is_known check (kind in ('initial', 'adjustment', 'reservation', 'release'))
);

-- What was asked for an order and what became of it, one row an order: held → sold, held or sold → released, or refused. A release that comes before
-- its reservation leaves an empty `released` row, so that nothing is held later. Round 2 is for an order whose money came after it was given up.
create table reservations (
    order_id uuid primary key,
    message_id uuid not null,                     -- of the command that asked, or released before any asked
    at timestamptz not null default now(),
    round smallint not null default 1,
    state text not null,
    product_ids uuid[] not null,
    quantities int[] not null,                    -- of product_ids, one by one
    constraint state_is_known check (state in ('held', 'sold', 'released', 'refused')),
    constraint quantities_belong_to_products check (cardinality(quantities) = cardinality(product_ids))
) with (fillfactor = 60);

grant insert, update, delete on categories, products to conveyor_inventory;
grant insert on product_words, stock_movements to conveyor_inventory;
grant insert, update on reservations to conveyor_inventory;
