-- Events that a queue hears only while somebody wants them: bound at the broker beside the topology, and published although no other queue may hear them.
create table wanted_events (
    queue text not null,
    type text not null,
    since timestamptz not null default now(),     -- every worker publishes it a moment later
    at timestamptz not null default now(),        -- when it was last wanted
    primary key (queue, type)
);
