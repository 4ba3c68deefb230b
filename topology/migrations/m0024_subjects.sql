-- What a failed message is about: a thing of the shop by type and id, as the machinery writes it; it knows no orders. Readers go on asking for `order_id`,
-- and a worker of the version before writes it itself, so during an upgrade both work side by side.
alter table attempts add column subject_type text, add column subject_id uuid;
create function attempts_order() returns trigger language plpgsql set search_path = pg_catalog, public as $$
begin
    if new.subject_type = 'order' then new.order_id := new.subject_id; end if;
    return new;
end
$$;
create trigger attempts_order before insert on attempts for each row execute function attempts_order();
