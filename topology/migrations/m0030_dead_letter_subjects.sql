-- What a dead letter is about, by type and id, as m0024 has it for failed attempts: the operators' library knows no orders. The shop's readers go on asking for
-- `order_id`, and a recorder of the version before writes it itself, so during an upgrade both work side by side.
alter table dead_letters add column subject_type text, add column subject_id uuid;
update dead_letters set subject_type = 'order', subject_id = order_id where order_id is not null;
create index dead_letters_subject_id_idx on dead_letters (subject_id);

create function dead_letters_order() returns trigger language plpgsql set search_path = pg_catalog, public as $$
begin
    if new.subject_type = 'order' then
        new.order_id := new.subject_id;
    elsif new.order_id is not null then
        new.subject_type := 'order';
        new.subject_id := new.order_id;
    end if;
    return new;
end
$$;
create trigger dead_letters_order before insert on dead_letters for each row execute function dead_letters_order();
