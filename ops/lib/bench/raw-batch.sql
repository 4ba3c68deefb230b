-- pgbench: 64 orders in two transactions, as two workers would write them: placed with their lines and events, then their stock taken.
\set n :n + 1
select orders, users, firsts, seconds from batches where n = :n \gset
begin;
insert into orders (id, user_id, status, total, address)
    select b.id, b.user_id, 'pending', x.price + y.price,
        '{"name":"Ada Lovelace","line1":"12 St James''s Square","city":"London","postal_code":"SW1Y 4JH","country":"GB"}'
    from unnest((:orders)::uuid[], (:users)::uuid[], (:firsts)::uuid[], (:seconds)::uuid[]) b(id, user_id, first, second)
    join products x on x.id = b.first and x.active join products y on y.id = b.second and y.active
    on conflict (id) do nothing;
insert into order_items
    select b.id, b.product_id, 1, p.price
    from unnest((:orders)::uuid[] || (:orders)::uuid[], (:firsts)::uuid[] || (:seconds)::uuid[]) b(id, product_id) join products p on p.id = b.product_id;
insert into order_events (order_id, status) select id, 'pending' from unnest((:orders)::uuid[]) id;
commit;
begin;
with wanted as (
    select product_id, count(*) as quantity from unnest((:firsts)::uuid[] || (:seconds)::uuid[]) product_id group by product_id
), locked as (
    select s.product_id, w.quantity from stock s join wanted w using (product_id) order by s.product_id for update of s
)
update stock s set available = s.available - l.quantity from locked l where s.product_id = l.product_id;
with done as (
    update orders set status = 'awaiting_payment', updated_at = now() where id = any((:orders)::uuid[]) and status = 'pending' returning id
)
insert into order_events (order_id, status) select id, 'awaiting_payment' from done;
commit;
