-- What every worker does with the machinery's tables, whichever worker it is: its role is a member of this one. As in m0001, the role may be there already.
do $$
begin
    if not exists (select from pg_roles where rolname = 'conveyor_worker') then
        begin
            create role conveyor_worker nologin;
        exception when duplicate_object or unique_violation then null;
        end;
    end if;
end
$$;
grant usage on schema public to conveyor_worker;
grant select on schema_migrations, queue_controls, skips, running, schedules, attempts, wanted_events to conveyor_worker;
grant insert on inbox, attempts, calls to conveyor_worker;
grant insert, update, delete on running to conveyor_worker;
grant update (caught) on skips to conveyor_worker;
grant insert, update on schedules to conveyor_worker;
grant execute on function inbox_kept_since() to conveyor_worker;
do $$
declare
    columns text;
begin
    -- Results of operations are for the ingress and the operator, see m0012.
    select string_agg(quote_ident(attname), ', ') into columns from pg_attribute
    where attrelid = 'inbox'::regclass and attnum > 0 and not attisdropped and attname not in ('result', 'problem');
    execute format('grant select (%s) on inbox to conveyor_worker', columns);
end
$$;

-- Makes a worker's role, unless it is there. `conveyor migrate` calls it for every worker. A migration that gives a worker tables of its own begins with it:
--   select make_worker_role('loyalty');
--   create table loyalty_points (…);
--   grant select, insert, update on loyalty_points to conveyor_loyalty;
create function make_worker_role(worker text) returns void language plpgsql as $$
declare
    name text := 'conveyor_' || worker;
begin
    if not exists (select from pg_roles where rolname = name) then
        begin
            execute format('create role %I nologin', name);
        exception when duplicate_object or unique_violation then null;
        end;
    end if;
    if not pg_has_role(name, 'conveyor_worker', 'member') then execute format('grant conveyor_worker to %I', name); end if;
exception when insufficient_privilege then
    -- Where somebody else makes the roles.
    raise warning 'the role % must exist and be a member of conveyor_worker', name;
end
$$;
revoke all on function make_worker_role(text) from public;
