-- One row a handled message: the proof that it took effect, what it brought and what it emitted. Written by every worker, for its own queue,
-- in the transaction of the effect. sent_at is the message's own timestamp, the same at each delivery, so the key finds a redelivery.
-- Kept INBOX_RETENTION_DAYS and dropped by partition.
create table inbox (
    message_id uuid not null,
    correlation_id uuid not null,
    causation_id uuid,
    sent_at timestamptz not null,
    handled_at timestamptz not null default clock_timestamp(),
    took_us int not null,
    attempt smallint not null,
    decides boolean not null,                     -- the operation named by correlation_id ends here
    consumer text not null,
    type text not null,
    outcome text not null,
    fingerprint bytea,                            -- of the request that caused a command
    result json,
    problem json,
    emitted json,                                 -- [{type, …}]: published again if the message comes again
    primary key (message_id, consumer, sent_at),
    constraint outcome_is_known check (outcome in ('succeeded', 'rejected'))
) partition by range (sent_at);
create index inbox_correlation_id_idx on inbox (correlation_id);
create table inbox_default partition of inbox default;

-- One row a failed attempt: what an operation that is retried waits for, and the history of what was dead-lettered.
create table attempts (
    id bigint generated always as identity,
    message_id uuid not null,
    correlation_id uuid not null,
    order_id uuid,                                -- what it is about, if that is an order
    at timestamptz not null default clock_timestamp(),
    next_at timestamptz,                          -- null: it was given up
    attempt smallint not null,
    queue text not null,
    type text not null,
    error_type text not null,
    error text not null,
    primary key (id, at)
) partition by range (at);
create index attempts_correlation_id_idx on attempts (correlation_id);
create index attempts_order_id_idx on attempts (order_id);
create index attempts_next_at_idx on attempts (next_at);
create table attempts_default partition of attempts default;

-- One row a call to the world outside, for the trace.
create table calls (
    id bigint generated always as identity,
    message_id uuid not null,
    correlation_id uuid not null,
    at timestamptz not null,
    took_us int not null,
    kind text not null,                           -- stripe, mail, sms
    name text not null,                           -- e.g. POST /v1/payment_intents
    outcome text not null,                        -- e.g. 200, 402 card_declined
    primary key (id, at)
) partition by range (at);
create index calls_correlation_id_idx on calls (correlation_id);
create table calls_default partition of calls default;

-- Makes the weeks that are needed next and drops those that are older than the retention. Run by the recorder, as the owner.
create function maintain_partitions(retention_days int) returns void language plpgsql security definer set search_path = pg_catalog, public as $$
declare
    parent text;
    week date;
    part record;
begin
    perform pg_advisory_xact_lock(hashtext('conveyor.maintain_partitions'));
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
end
$$;
revoke all on function maintain_partitions(int) from public;
grant execute on function maintain_partitions(int) to conveyor_recorder;
select maintain_partitions(14);

grant insert on inbox, attempts, calls
    to conveyor_orders, conveyor_payments, conveyor_inventory, conveyor_email, conveyor_accounts;
