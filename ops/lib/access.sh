# shellcheck shell=bash
# The rights at Postgres and RabbitMQ: one role and one user per part, with the password in its settings and the fewest possible rights. For ops/up, and
# for ops/deploy/provision, whose settings are elsewhere. Sourced, never run.

roles=(ingress "${workers[@]}" recorder)

owner_settings() { printf '%s/env' "$local_dir"; }
own_settings() { printf '%s/env.d/%s' "$local_dir" "$1"; }

# A part's settings may name one node or several; the password is the same.
broker_password() {
    local url
    url=$(value_in "$1" AMQP_URLS)
    [ -n "$url" ] || url=$(value_in "$1" AMQP_URL)
    password_in "$url"
}

# For psql, as a superuser: the owner, the database, and a login for every part.
postgres_roles() {
    local part
    cat <<SQL
set log_min_error_statement = panic; -- no password in a log
set client_min_messages = warning;
select 'create role conveyor' where to_regrole('conveyor') is null \gexec
alter role conveyor login createrole password '$(password_in "$(value_in "$(owner_settings)" DATABASE_URL)")';
select 'create database conveyor owner conveyor' where not exists (select from pg_database where datname = 'conveyor') \gexec
revoke all on database conveyor from public;
-- The rights of every worker in the tables of the machinery (topology/migrations/m0026_worker_role.sql).
select 'create role conveyor_worker' where to_regrole('conveyor_worker') is null \gexec
SQL
    for part in "${roles[@]}"; do
        cat <<SQL
select 'create role conveyor_$part' where to_regrole('conveyor_$part') is null \gexec
alter role conveyor_$part login password '$(password_in "$(value_in "$(own_settings "$part")" DATABASE_URL)")';
grant connect on database conveyor to conveyor_$part;
SQL
    done
    for part in "${workers[@]}"; do printf 'grant conveyor_worker to conveyor_%s;\n' "$part"; done
}

# For RabbitMQ's /api/definitions. A part may only publish its types and read its queues; with the tag `management` it reads its queue's policy at its
# start.
broker_users() {
    local part exchange separator=
    printf '{"users":[{"name":"conveyor","password":"%s","tags":"administrator"}' "$(broker_password "$(owner_settings)")"
    for part in "${roles[@]}"; do
        printf ',{"name":"conveyor_%s","password":"%s","tags":"management"}' "$part" "$(broker_password "$(own_settings "$part")")"
    done
    printf '],"permissions":[{"user":"conveyor","vhost":"/","configure":".*","write":".*","read":".*"}'
    for part in "${roles[@]}"; do printf ',{"user":"conveyor_%s","vhost":"/",%s}' "$part" "$(broker_permissions "$part")"; done
    printf '],"topic_permissions":['
    for part in "${roles[@]}"; do
        for exchange in commands events; do
            # Any routing key may be bound; broker_permissions decides whether a part may bind its queue at all.
            printf '%s{"user":"conveyor_%s","vhost":"/","exchange":"%s","write":"%s","read":".*"}' "$separator" "$part" "$exchange" \
                "$(published_types "$part" "$exchange")"
            separator=,
        done
    done
    printf ']}'
}

# published_types PART EXCHANGE: the types that its user may publish there, as a regular expression in JSON; without any, a key that no message has. A type
# that begins with the name of a worker is a command.
# The ingress also publishes what clients ask for.
published_types() {
    local type expression='' exchange types="${entry["$1 publishes"]-}"
    [ -z "${entry["$1 hears"]+set}" ] || types+=' operation.finished'
    [ "$1" != ingress ] || types+=" $(client_commands)"
    for type in $types; do
        exchange=events
        [ -z "${entry["${type%%.*} hears"]+set}" ] || exchange=commands
        [ "$exchange" != "$2" ] || expression+=${expression:+|}$type
    done
    printf '^(%s)$' "${expression//./\\\\.}"
}

# Those of topology/asyncapi.yaml with a route or an operation.
client_commands() {
    sed -n '/^    [a-z_]*\.[a-z_]*:$/{s/[ :]//g;h};/^      x-conveyor: {.*\(route\|operation\):/{x;p;x}' "$root/topology/asyncapi.yaml"
}

broker_permissions() {
    local own='' exchange
    case $1 in
    ingress) printf '"configure":"^amq\\\\.gen.*$","write":"^(commands|events|amq\\\\.gen.*)$","read":"^(events|amq\\\\.gen.*)$"' ;;
    recorder) printf '"configure":"^$","write":"^(return|amq\\\\.default)$","read":"^[a-z]+\\\\.dead$"' ;;
    *)
        # Binding a queue needs the right to write to it, and to read from the exchange.
        for exchange in ${entry["$1 binds"]-}; do own+="|$exchange"; done
        printf '"configure":"^$","write":"^(%scommands|events|dead|retry\\\\..+)$","read":"^(%s)$"' "${own:+$1|}" "$1$own"
        ;;
    esac
}
