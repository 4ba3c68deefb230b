# shellcheck shell=bash
# A private Postgres in .local/postgres, on the loopback interface only. Sourced, never run.

postgres_bin=/usr/lib/postgresql/15/bin
postgres_dir=$local_dir/postgres

# Postgres refuses to run as root, so root runs it as Debian's user postgres.
as_postgres() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

# The real path of the folder, since its user cannot follow the link.
postgres_home() { readlink -f "$postgres_dir"; }

prepare_postgres() {
    local elsewhere
    if [ ! -e "$postgres_dir" ]; then
        if as_postgres test -x "$local_dir"; then
            mkdir -m 711 "$postgres_dir"
        else
            # Its user cannot read this folder (a project below /root): the data is in the user's home, with a link here.
            elsewhere=/var/lib/postgresql/conveyor-$(cat "$local_dir/id")
            rm -rf "$elsewhere"
            mkdir -m 711 "$elsewhere"
            ln -s "$elsewhere" "$postgres_dir"
        fi
    fi
    [ -d "$postgres_dir/data" ] || make_postgres_data
    postgres_configuration | write_file "$postgres_dir/data/postgresql.conf"
    [ "$(id -u)" != 0 ] || chown postgres: "$postgres_dir/data/postgresql.conf"
}

# In a temporary folder until it is complete, so that an interruption leaves nothing that looks like a database.
make_postgres_data() {
    local home new password
    home=$(postgres_home) new=$home/data.new password=$home/password
    rm -rf "$new"
    mkdir "$new"
    value_in "$local_dir/env.d/postgres" PGPASSWORD >"$password"
    [ "$(id -u)" != 0 ] || chown postgres: "$new" "$password"
    as_postgres "$postgres_bin/initdb" --pgdata="$new" --username=postgres --pwfile="$password" \
        --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 >"$local_dir/log/postgres.log" 2>&1 ||
        die 1 "initdb failed: $(tail -n 3 "$local_dir/log/postgres.log")"
    rm "$password"
    mv "$new" "$home/data"
}

# Durable (fsync, synchronous_commit), and sized for a small machine that runs everything else beside it.
postgres_configuration() {
    cat <<CONF
# Made by ops/up. What is set with ALTER SYSTEM wins over it.
listen_addresses = '127.0.0.1'
port = $(value_in "$local_dir/env.d/postgres" PGPORT)
unix_socket_directories = ''
max_connections = 100
password_encryption = 'scram-sha-256'

shared_buffers = 256MB
work_mem = 8MB
maintenance_work_mem = 64MB
effective_cache_size = 1GB
random_page_cost = 1.1
jit = off

fsync = on
synchronous_commit = on
wal_compression = lz4
wal_buffers = 16MB
min_wal_size = 512MB
max_wal_size = 4GB
checkpoint_timeout = 15min

log_destination = 'stderr'
logging_collector = off
log_line_prefix = '%m [%p] %q%u@%d '
log_lock_waits = on
log_min_duration_statement = 1s
log_timezone = 'UTC'
timezone = 'UTC'
datestyle = 'iso, mdy'
lc_messages = 'C.UTF-8'
CONF
}

postgres_inputs() { postgres_configuration; }

run_postgres() {
    local command
    command=("$postgres_bin/postgres" -D "$(postgres_home)/data")
    if [ "$(id -u)" = 0 ]; then exec chpst -u postgres "${command[@]}"; else exec "${command[@]}"; fi
}

postgres_is_ready() {
    "$postgres_bin/pg_isready" -q -h 127.0.0.1 -p "$(value_in "$local_dir/env.d/postgres" PGPORT)"
}

provision_postgres() {
    local digest
    digest=$(postgres_roles | sha256sum)
    [ ! -f "$postgres_dir/roles" ] || [ "$digest" != "$(<"$postgres_dir/roles")" ] || return 0
    # In a subshell: the password is in the environment, not in an argument.
    postgres_roles | (
        read_settings "$local_dir/env.d/postgres" export_setting
        psql --no-psqlrc --quiet --tuples-only --set ON_ERROR_STOP=1 --dbname=postgres --file=- >/dev/null
    )
    printf '%s' "$digest" >"$postgres_dir/roles"
}

export_setting() { export "$1=$2"; }

wipe_postgres() {
    local elsewhere
    [ -L "$postgres_dir" ] || return 0
    elsewhere=$(readlink "$postgres_dir")
    case $elsewhere in /var/lib/postgresql/conveyor-*) rm -rf "$elsewhere" ;; esac
}
