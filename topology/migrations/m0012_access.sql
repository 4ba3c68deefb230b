-- Written by accounts-worker. A session is a family of refresh tokens, each traded in for the next. It has a row once one of its tokens was traded in, or
-- once it was ended.
create table sessions (
    id uuid primary key,
    user_id uuid not null,
    counter int not null,                         -- of the newest refresh token: so many of the family came before it
    renewed_at timestamptz not null default now(), -- when that became the newest
    ended_at timestamptz,
    expires_at timestamptz not null               -- none of its tokens is good after that
);
create index sessions_user_id_idx on sessions (user_id);
create index sessions_expires_at_idx on sessions (expires_at);
revoke select on sessions from conveyor_orders, conveyor_payments, conveyor_inventory, conveyor_email, conveyor_recorder;
grant insert, update, delete on sessions to conveyor_accounts;

-- One address may be written in several ways (é as one character or as two): it is kept in NFC from now on. One of two accounts whose addresses differ in
-- nothing else stays as it is.
do $$
declare
    account record;
begin
    for account in select id, email from users where email is not nfc normalized order by created_at, id loop
        begin
            update users set email = normalize(account.email, nfc) where id = account.id;
        exception when unique_violation then raise warning 'account % has the same address as another one', account.id;
        end;
    end loop;
end
$$;

-- Whose a letter was, so that its address can be erased.
alter table emails add column user_id uuid;
alter table text_messages add column user_id uuid;
update emails e set user_id = u.id from users u where lower(e.recipient) = lower(u.email) and e.sent_at >= u.created_at;
update text_messages t set user_id = o.user_id from orders o where o.id::text = t.subject;
create index emails_user_id_idx on emails (user_id);
create index text_messages_user_id_idx on text_messages (user_id);

-- What erasing somebody takes.
grant update (detail) on order_events to conveyor_orders;
grant delete on carts, cart_items to conveyor_orders;

-- A message's JSON without the person that it is about: what it is for stays, so that it can still be handled. Of an address the country stays.
create function without_person(message jsonb) returns jsonb immutable language plpgsql set search_path = pg_catalog, public as $$
declare
    result jsonb := '{}';
    member record;
    is_address boolean;
begin
    case jsonb_typeof(message)
    when 'array' then
        return (select coalesce(jsonb_agg(without_person(value) order by position), '[]')
                from jsonb_array_elements(message) with ordinality e(value, position));
    when 'object' then
        is_address := message ? 'line1';
        for member in select key, value from jsonb_each(message) loop
            result := result || jsonb_build_object(member.key, case
                when member.key = 'data' and message ? 'template' then '{}'
                when jsonb_typeof(member.value) in ('object', 'array') then without_person(member.value)
                when jsonb_typeof(member.value) <> 'string' then member.value
                when member.key = 'to' then '""'
                when is_address and member.key <> 'country' then '"erased"'
                when member.key in ('email', 'full_name', 'password_hash', 'phone', 'note', 'tracking_number') then '"erased"'
                -- A reason is one of Stripe's or ours, or a customer's words.
                when member.key = 'reason' and member.value #>> '{}' !~ '^([a-z]+(_[a-z]+)+|cancelled|expired|rejected|duplicate|fraudulent)$'
                    then '"erased"'
                else member.value end);
        end loop;
        return result;
    else return message;
    end case;
end
$$;

-- The same of the bytes of a message. What is no JSON and has the address in it is erased as a whole.
create function without_person(message bytea, address text) returns bytea immutable language plpgsql set search_path = pg_catalog, public as $$
begin
    return convert_to(without_person(convert_from(message, 'UTF8')::jsonb)::text, 'UTF8');
exception when data_exception then
    return case when position(convert_to(address, 'UTF8') in message) > 0 then convert_to('{"erased":true}', 'UTF8') else message end;
end
$$;

-- A text without an address.
create function without_address(message text, address text) returns text immutable language sql set search_path = pg_catalog, public as $$
    select regexp_replace(message, regexp_replace(address, '([^[:alnum:]@])', '\\\1', 'g'), 'erased', 'gi')
$$;

-- Takes a person out of what is kept of messages: what was emitted, failed, or is dead, and what operators did with it. Called by accounts-worker in the
-- transaction that erases the account, while its address is still known. It is the owner's, as no worker may change these tables.
create function forget_messages(erased uuid, address text) returns void language plpgsql security definer set search_path = pg_catalog, public as $$
declare
    placed uuid[] := array(select id from orders where user_id = erased);
    -- The operations and messages of the person: each has the id of what it made, or is known by what came of it.
    mine uuid[] := array[erased] || placed || array(select id from password_resets where user_id = erased)
        || array(select message_id from order_events where order_id = any(placed));
    quoted bytea := convert_to(to_json(address)::text, 'UTF8');
    letters uuid[];
begin
    update inbox set emitted = without_person(emitted::jsonb)::json
    where (correlation_id = any(mine) or message_id = any(mine)) and emitted is not null
        and emitted::jsonb is distinct from without_person(emitted::jsonb);
    -- Password changes have ids that nothing else has: their letter names the account.
    update inbox set emitted = without_person(emitted::jsonb)::json
    where consumer = 'accounts' and type = 'accounts.change_password' and strpos(emitted::text, erased::text) > 0;
    update attempts set error = without_address(error, address)
    where (order_id = any(placed) or correlation_id = any(mine)) and strpos(lower(error), lower(address)) > 0;

    letters := array(
        select id from dead_letters
        where order_id = any(placed) or message_id = any(mine) or correlation_id = any(mine) or headers ->> 'actor' = erased::text
            or position(quoted in payload) > 0 or position(convert_to('"user_id":"' || erased || '"', 'UTF8') in payload) > 0
            or strpos(lower(error), lower(address)) > 0);
    update dead_letters set payload = without_person(payload, address), error = without_address(error, address),
        headers = without_address(headers::text, address)::json
    where id = any(letters);
    update replacements set payload = without_person(payload, address), headers = without_address(headers::text, address)::json
    where dead_letter_id = any(letters);
    -- Who did what and when stays; what an edit changed may be anybody's words.
    update audit_log set diff = null, reason = without_address(reason, address) where subject = any(select unnest(letters)::text);
    update replay_jobs set filter = without_address(filter::text, address)::json where strpos(lower(filter::text), lower(address)) > 0;
end
$$;
revoke all on function forget_messages(uuid, text) from public;
grant execute on function forget_messages(uuid, text) to conveyor_accounts;

-- Each part reads what it needs, and of these what is a secret or somebody's words only the part that does: clients' secrets and Stripe's events
-- payments-worker, results of operations the ingress and the operator. (Password hashes: the ingress and accounts-worker, see m0002.)
do $$
declare
    columns text;
begin
    revoke select on payments, stripe_events from conveyor_ingress, conveyor_orders, conveyor_inventory, conveyor_email, conveyor_accounts, conveyor_recorder;
    select string_agg(quote_ident(attname), ', ') into columns from pg_attribute
    where attrelid = 'payments'::regclass and attnum > 0 and not attisdropped and attname <> 'client_secret';
    execute format('grant select (%s) on payments to conveyor_ingress, conveyor_orders, conveyor_email, conveyor_recorder', columns);
    select string_agg(quote_ident(attname), ', ') into columns from pg_attribute
    where attrelid = 'stripe_events'::regclass and attnum > 0 and not attisdropped and attname <> 'payload';
    execute format('grant select (%s) on stripe_events to conveyor_recorder', columns);
    revoke select on inbox from conveyor_orders, conveyor_payments, conveyor_inventory, conveyor_email, conveyor_accounts;
    select string_agg(quote_ident(attname), ', ') into columns from pg_attribute
    where attrelid = 'inbox'::regclass and attnum > 0 and not attisdropped and attname not in ('result', 'problem');
    execute format(
        'grant select (%s) on inbox to conveyor_orders, conveyor_payments, conveyor_inventory, conveyor_email, conveyor_accounts', columns);
end
$$;
