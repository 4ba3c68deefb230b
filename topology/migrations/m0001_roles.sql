-- Each part has a role of its own. Whoever runs the servers gives them a login and a password; here they only exist, so that grants hold.
do $$
declare
    part text;
begin
    foreach part in array array['ingress', 'orders', 'payments', 'inventory', 'email', 'accounts', 'recorder'] loop
        if not exists (select from pg_roles where rolname = 'conveyor_' || part) then
            -- Two databases of one server may migrate at once.
            begin
                execute format('create role %I nologin', 'conveyor_' || part);
            exception when duplicate_object or unique_violation then null;
            end;
        end if;
    end loop;
end
$$;

-- `conveyor` acts by the recorder's role, not by the owner's. Where somebody else has made the roles, that one grants it.
do $$
begin
    execute format('grant conveyor_recorder to %I', current_user);
exception when insufficient_privilege then
    raise warning 'grant conveyor_recorder to % is missing', current_user;
end
$$;

create extension if not exists pg_trgm;
-- Ids of emitted messages are of version 5: with it, `conveyor audit` finds out from the inbox which messages there must be.
create extension if not exists "uuid-ossp";

revoke create on schema public from public;
grant usage on schema public to conveyor_ingress, conveyor_orders, conveyor_payments, conveyor_inventory, conveyor_email, conveyor_accounts, conveyor_recorder;

-- Any part may read what it needs; users, which hold password hashes, are granted by column where they are made.
alter default privileges in schema public
    grant select on tables to conveyor_ingress, conveyor_orders, conveyor_payments, conveyor_inventory, conveyor_email, conveyor_accounts, conveyor_recorder;
