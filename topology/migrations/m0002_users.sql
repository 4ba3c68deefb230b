-- Written by accounts-worker.
create table users (
    id uuid primary key,
    token_epoch int not null default 0,           -- every token carries it; raising it ends all sessions
    is_active boolean not null default true,
    is_superuser boolean not null default false,
    email_verified boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    erased_at timestamptz,
    full_name_at timestamptz,                     -- when the last command was sent that set it: an older one that comes late changes nothing
    is_active_at timestamptz,
    is_superuser_at timestamptz,
    email text not null,
    full_name text,
    password_hash text not null                   -- PHC string; '!' matches nothing (erased)
);
create unique index users_email_key on users (lower(email));
create index users_created_at_idx on users (created_at, id);

-- The link's token is a MAC over the id: it is stored nowhere.
create table password_resets (
    id uuid primary key,
    user_id uuid not null references users,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index password_resets_user_id_idx on password_resets (user_id);

revoke select on users, password_resets from conveyor_orders, conveyor_payments, conveyor_inventory, conveyor_email, conveyor_recorder;
grant select (id, token_epoch, is_active, is_superuser, email_verified, created_at, updated_at, erased_at, email, full_name)
    on users to conveyor_orders, conveyor_payments, conveyor_inventory, conveyor_email, conveyor_recorder;
grant insert, update on users, password_resets to conveyor_accounts;
grant delete on password_resets to conveyor_accounts;
