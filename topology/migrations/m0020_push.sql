-- What a user wants to hear of beside what is owed: the order's confirmation, refunds and passwords always go by e-mail.
alter table users
    add column wants_push boolean not null default true,
    add column wants_sms boolean not null default true,
    add column wants_email_updates boolean not null default true;
grant select (wants_push, wants_sms, wants_email_updates)
    on users to conveyor_orders, conveyor_payments, conveyor_inventory, conveyor_email, conveyor_recorder;

-- Browsers that hear by web push. Written by accounts-worker; email-worker sends to them.
create table push_subscriptions (
    id uuid primary key,                          -- made from the endpoint: the same endpoint is the same subscription
    user_id uuid not null references users,
    endpoint text not null,                       -- whoever knows it may try to send there
    p256dh text not null,                         -- the browser's keys (RFC 8291), base64url
    auth text not null,
    public_key text not null,                     -- the shop's key that the browser has subscribed with: VAPID_PRIVATE_KEY may be changed meanwhile
    expires_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index push_subscriptions_user_id_idx on push_subscriptions (user_id, created_at, id);
revoke select on push_subscriptions from conveyor_ingress, conveyor_orders, conveyor_payments, conveyor_inventory, conveyor_recorder;
grant select (id, user_id, endpoint, public_key, expires_at, created_at, updated_at) on push_subscriptions to conveyor_ingress;
grant insert, update, delete on push_subscriptions to conveyor_accounts;

-- As in m0012, and what a message says of a browser goes too.
create or replace function without_person(message jsonb) returns jsonb immutable language plpgsql set search_path = pg_catalog, public as $$
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
                when member.key in ('email', 'full_name', 'password_hash', 'phone', 'note', 'tracking_number', 'endpoint', 'p256dh', 'auth') then '"erased"'
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
