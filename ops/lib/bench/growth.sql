-- Inserts :count orders, as some days after their payment, with all related rows. (The stock is not reduced, since the benchmark does not verify the books.)
begin;
set local synchronous_commit = off;
create temporary table old on commit drop as
    select gen_random_uuid() as id, gen_random_uuid() as user_id, low[1 + floor(random() * cardinality(low))::int] as first,
        high[1 + floor(random() * cardinality(high))::int] as second, now() - random() * interval '10 days' as at, n
    from (select array_agg(id) filter (where half = 0) as low, array_agg(id) filter (where half = 1) as high
          from (select id, row_number() over () % 2 as half from products) p) halves, generate_series(1, :count) n;
insert into orders (id, user_id, total_amount, created_at, updated_at, status, payment_status, currency, payment_intent_id, shipping_address)
    select id, user_id, 2000, at, at, 'paid', 'paid', 'usd', 'pi_' || replace(id::text, '-', ''),
        '{"name":"Ada Lovelace","line1":"12 St James''s Square","city":"London","postal_code":"SW1Y 4JH","country":"GB"}' from old;
insert into order_items (order_id, product_id, unit_amount, quantity, sku, name)
    select o.id, p.id, p.unit_amount, 1, p.sku, p.name from old o join products p on p.id in (o.first, o.second);
insert into order_events (order_id, message_id, at, type, status, actor)
    select o.id, gen_random_uuid(), o.at, e.type, e.status, o.user_id
    from old o, (values ('order.placed', 'pending'), ('order.awaiting_payment', 'awaiting_payment'), ('order.paid', 'paid')) e(type, status);
insert into reservations (order_id, message_id, at, state, product_ids, quantities)
    select id, gen_random_uuid(), at, 'sold', array[first, second], array[1, 1] from old;
insert into stock_movements (product_id, order_id, at, delta, stock_after, kind, actor)
    select p.id, o.id, o.at, -1, 0, 'reservation', o.user_id from old o, unnest(array[o.first, o.second]) p(id);
insert into inbox (message_id, correlation_id, sent_at, handled_at, took_us, attempt, decides, consumer, type, outcome, fingerprint)
    select case when i.type = 'inventory.reserve' then o.id else gen_random_uuid() end, o.id, o.at, o.at, 2000, 1, i.decides,
        i.consumer, i.type, 'succeeded', case when i.type = 'inventory.reserve' then decode(md5(o.id::text), 'hex') end
    from old o, (values ('inventory', 'inventory.reserve', false), ('orders', 'stock.reserved', true),
        ('payments', 'payments.create_intent', true), ('payments', 'payments.stripe_event', false), ('orders', 'payment.succeeded', false),
        ('inventory', 'order.paid', false), ('email', 'order.paid', false)) i(consumer, type, decides);
commit;
