-- The upkeep of the weeks never stands in front of work. To make or drop a partition takes the whole table for a moment, and whoever waits for that stands
-- in front of every insert: behind a reader of minutes all workers would stand still for as long. So it waits for a tenth of a second at most, and says
-- whether all is done; if not, it is asked again when the reader may have ended. (`detach partition concurrently` is not for tables with a default partition.)
drop function maintain_partitions(int);
create function maintain_partitions(retention_days int) returns boolean language plpgsql security definer
    set search_path = pg_catalog, public set lock_timeout = '100ms' as $$
declare
    parent text;
    week date;
    part record;
begin
    if not pg_try_advisory_xact_lock(hashtext('conveyor.maintain_partitions')) then return false; end if;
    foreach parent in array array['inbox', 'attempts', 'calls'] loop
        for step in 0..1 loop
            week := date_trunc('week', now() at time zone 'utc')::date + 7 * step;
            if to_regclass(format('public.%I', parent || '_' || to_char(week, 'YYYYMMDD'))) is null then
                -- Rows of a week that had no partition in time lie in the default one; they may stay there.
                begin
                    execute format('create table public.%I partition of public.%I for values from (%L) to (%L)',
                        parent || '_' || to_char(week, 'YYYYMMDD'), parent, week::text || ' 00:00:00+00', (week + 7)::text || ' 00:00:00+00');
                exception when check_violation then raise warning 'partition of % for % not made: its rows lie in the default partition', parent, week;
                end;
            end if;
        end loop;
        for part in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent = format('public.%I', parent)::regclass and c.relname ~ '_[0-9]{8}$' loop
            if to_date(right(part.relname, 8), 'YYYYMMDD') + 7 < (now() at time zone 'utc')::date - retention_days then
                execute format('drop table public.%I', part.relname);
            end if;
        end loop;
    end loop;
    return true;
-- All of it is taken back: nothing stays locked while another lock is waited for.
exception when lock_not_available or deadlock_detected then return false;
end
$$;
revoke all on function maintain_partitions(int) from public;
grant execute on function maintain_partitions(int) to conveyor_recorder;

-- From when on the inbox knows every handled message; null as long as nothing was dropped. Of an older one that it does not know it cannot be told whether it
-- took effect. (What is handled after its week was dropped lies in the default partition, and stays known.)
create function inbox_kept_since() returns timestamptz language sql stable security definer set search_path = pg_catalog, public as $$
    select case when week > (select min(applied_at) from schema_migrations) then week end
    from (
        select min(to_date(right(c.relname, 8), 'YYYYMMDD')::timestamp at time zone 'utc') as week
        from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'public.inbox'::regclass and c.relname ~ '_[0-9]{8}$'
    ) kept
$$;
revoke all on function inbox_kept_since() from public;
grant execute on function inbox_kept_since()
    to conveyor_orders, conveyor_payments, conveyor_inventory, conveyor_email, conveyor_accounts, conveyor_recorder;
