-- What the machinery keeps of each message. An application's own tables are beside it, and are written in the same transactions.

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

-- One row a failed attempt: what a message that is retried waits for, and the history of what was dead-lettered.
create table attempts (
    id bigint generated always as identity,
    message_id uuid not null,
    correlation_id uuid not null,
    at timestamptz not null default clock_timestamp(),
    next_at timestamptz,                          -- null: it was given up
    attempt smallint not null,
    queue text not null,
    type text not null,
    error_type text not null,
    error text not null,
    subject_type text,                            -- what the message is about, if the application says so
    subject_id uuid,
    primary key (id, at)
) partition by range (at);
create index attempts_correlation_id_idx on attempts (correlation_id);
create index attempts_subject_id_idx on attempts (subject_id);
create index attempts_next_at_idx on attempts (next_at);
create table attempts_default partition of attempts default;

-- Makes the weeks that are needed next and drops those that are older than the retention. It waits for a tenth of a second at most, and says whether all is
-- done: to make or drop a partition takes the whole table for a moment, and a worker that waited behind a long reader would stop all others.
create function maintain_partitions(retention_days int) returns boolean language plpgsql set lock_timeout = '100ms' as $$
declare
    parent text;
    week date;
    part record;
begin
    if not pg_try_advisory_xact_lock(hashtext('conveyor.maintain_partitions')) then return false; end if;
    foreach parent in array array['inbox', 'attempts'] loop
        for step in 0..1 loop
            week := date_trunc('week', now() at time zone 'utc')::date + 7 * step;
            if to_regclass(format('%I', parent || '_' || to_char(week, 'YYYYMMDD'))) is null then
                -- Rows of a week that had no partition in time lie in the default one; they may stay there.
                begin
                    execute format('create table %I partition of %I for values from (%L) to (%L)',
                        parent || '_' || to_char(week, 'YYYYMMDD'), parent, week::text || ' 00:00:00+00', (week + 7)::text || ' 00:00:00+00');
                exception when check_violation then raise warning 'partition of % for % not made: its rows lie in the default partition', parent, week;
                end;
            end if;
        end loop;
        for part in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent = format('%I', parent)::regclass and c.relname ~ '_[0-9]{8}$' loop
            if to_date(right(part.relname, 8), 'YYYYMMDD') + 7 < (now() at time zone 'utc')::date - retention_days then
                execute format('drop table %I', part.relname);
            end if;
        end loop;
    end loop;
    return true;
-- All of it is taken back: nothing stays locked while another lock is waited for.
exception when lock_not_available or deadlock_detected then return false;
end
$$;
select maintain_partitions(14);

-- From when on the inbox knows every handled message; null as long as nothing was dropped. Of an older one that it does not know it cannot be told whether it
-- took effect. (What is handled after its week was dropped lies in the default partition, and stays known.)
create function inbox_kept_since() returns timestamptz language sql stable as $$
    select case when week > (select min(applied_at) from conveyor_migrations) then week end
    from (
        select min(to_date(right(c.relname, 8), 'YYYYMMDD')::timestamp at time zone 'utc') as week
        from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'inbox'::regclass and c.relname ~ '_[0-9]{8}$'
    ) kept
$$;

-- What workers look at while they run: whether an operator has paused their queue, and rules by which they reject what matches.
create table queue_controls (
    queue text primary key,
    paused boolean not null default false,
    at timestamptz not null default now(),
    actor text not null,
    reason text
);
create table skips (
    id bigint generated always as identity primary key,
    queue text not null,
    type text,                                    -- null: any
    actor text,
    since timestamptz,
    until timestamptz,
    reason text not null,
    actor_of_rule text not null,                  -- operator:<name>
    at timestamptz not null default now(),
    caught bigint not null default 0,
    lifted_at timestamptz
);
create index skips_in_force_idx on skips (queue) where lifted_at is null;

-- What workers have held for a moment or longer: each writes its own rows every second. Lost with a crash of the server, as what it says would be.
create unlogged table running (
    worker text not null,                         -- host:pid
    message_id uuid not null,
    queue text not null,
    type text not null,
    attempt int not null,
    since timestamptz not null,
    seen_at timestamptz not null default clock_timestamp(), -- a worker that is gone says nothing any more
    primary key (worker, message_id)
);

-- What recurs. A process that runs one holds a lease, so it runs once however many replicas there are.
create table schedules (
    name text primary key,
    every text not null,                          -- for people: 5m, or a line of cron
    next_at timestamptz not null,
    paused boolean not null default false,
    run_now boolean not null default false,       -- an operator has asked for it
    holder uuid,
    lease_until timestamptz,
    last_at timestamptz,
    outcome text,
    detail text,
    took_ms bigint,
    failures int not null default 0,              -- in a row
    constraint outcome_is_known check (outcome in ('succeeded', 'failed'))
);
alter table schedules set (fillfactor = 50);

-- Messages to be published later, each once: its id is the key.
create table delayed_messages (
    message_id uuid primary key,
    due_at timestamptz not null,
    exchange text not null,
    type text not null,
    actor text not null,
    schema int not null,
    payload bytea not null
);
create index delayed_messages_due_at_idx on delayed_messages (due_at);
