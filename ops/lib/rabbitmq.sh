# shellcheck shell=bash
# A private RabbitMQ in .local/rabbitmq with an epmd of its own, both on the loopback only. Sourced, never run.

rabbitmq_dir=$local_dir/rabbitmq

rabbitmq_port() { value_in "$local_dir/env.d/rabbitmq" "$1"; }

prepare_rabbitmq() {
    mkdir -p "$rabbitmq_dir"
    # A first start that was interrupted may have left half a database.
    [ -f "$rabbitmq_dir/ready" ] || is_running rabbitmq || rm -rf "$rabbitmq_dir/data"
    rabbitmq_configuration | write_file "$rabbitmq_dir/rabbitmq.conf"
    printf '[rabbitmq_management].\n' | write_file "$rabbitmq_dir/enabled_plugins"
}

# The administrator exists from the first start on, and no guest.
rabbitmq_configuration() {
    local api
    api=$(value_in "$local_dir/env" RABBITMQ_API)
    cat <<CONF
# Made by ops/up.
listeners.tcp.default = 127.0.0.1:$(rabbitmq_port AMQP_PORT)
management.tcp.ip = 127.0.0.1
management.tcp.port = $(rabbitmq_port MANAGEMENT_PORT)
management.rates_mode = basic

default_user = conveyor
default_pass = $(password_in "$api")
default_user_tags.administrator = true
default_permissions.configure = .*
default_permissions.write = .*
default_permissions.read = .*

# Quorum queues write a log of 512 MB before they cut it; on a small disk eight times as often is better.
raft.wal_max_size_bytes = 64000000
disk_free_limit.absolute = 200MB
vm_memory_high_watermark.relative = 0.4

log.console = true
log.console.level = info
log.connection.level = warning
CONF
}

# Nothing of Debian's system-wide RabbitMQ is read or written.
rabbitmq_environment() {
    export HOME=$rabbitmq_dir
    export ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT RABBITMQ_DIST_PORT
    ERL_EPMD_PORT=$(rabbitmq_port EPMD_PORT)
    RABBITMQ_DIST_PORT=$(rabbitmq_port DIST_PORT)
    export RABBITMQ_NODENAME=conveyor@localhost
    export RABBITMQ_CONF_ENV_FILE=$rabbitmq_dir/none RABBITMQ_ADVANCED_CONFIG_FILE=$rabbitmq_dir/none
    export RABBITMQ_CONFIG_FILE=$rabbitmq_dir/rabbitmq.conf
    export RABBITMQ_GENERATED_CONFIG_DIR=$rabbitmq_dir/generated RABBITMQ_SCHEMA_DIR=$rabbitmq_dir/schema
    export RABBITMQ_ENABLED_PLUGINS_FILE=$rabbitmq_dir/enabled_plugins
    export RABBITMQ_MNESIA_BASE=$rabbitmq_dir/data RABBITMQ_LOG_BASE=$rabbitmq_dir/log RABBITMQ_LOGS=-
    export RABBITMQ_PID_FILE=$rabbitmq_dir/pid
    export ERL_CRASH_DUMP=$rabbitmq_dir/erl_crash.dump
    export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false'
}

epmd_inputs() { rabbitmq_port EPMD_PORT; }

run_epmd() {
    rabbitmq_environment
    exec epmd
}

epmd_is_ready() { (exec 3<>"/dev/tcp/127.0.0.1/$(rabbitmq_port EPMD_PORT)") 2>/dev/null; }

rabbitmq_inputs() {
    rabbitmq_configuration
    cat "$local_dir/env.d/rabbitmq"
}

run_rabbitmq() {
    rabbitmq_environment
    # The Erlang machine starts an epmd by itself if it finds none, and nobody would watch over that one.
    wait_until 20 "epmd does not answer" epmd_is_ready
    # With input allowed the script becomes the Erlang machine, instead of a shell that waits for it.
    RABBITMQ_ALLOW_INPUT=1 exec /usr/lib/rabbitmq/bin/rabbitmq-server -noinput
}

# broker_api METHOD PATH [BODY-FILE]: the management API; the credentials go by a descriptor, not by an argument.
broker_api() {
    local api
    api=$(value_in "$local_dir/env" RABBITMQ_API)
    curl -sf --max-time 10 -X "$1" -H 'content-type: application/json' ${3:+--data-binary "@$3"} \
        --config <(printf 'url = "%s/api%s"\n' "$api" "$2")
}

rabbitmq_is_ready() { broker_api GET "/health/checks/port-listener/$(rabbitmq_port AMQP_PORT)" >/dev/null; }

# A part may publish and read what it has to, and change nothing; `management` lets it look at its queue's policy when it starts.
broker_users() {
    local part password separator=
    printf '{"users":['
    for part in ingress "${workers[@]}" recorder; do
        password=$(password_in "$(value_in "$local_dir/env.d/$part" AMQP_URL)")
        printf '%s{"name":"conveyor_%s","password":"%s","tags":"management"}' "$separator" "$part" "$password"
        separator=,
    done
    printf '],"permissions":['
    separator=
    for part in ingress "${workers[@]}" recorder; do
        printf '%s{"user":"conveyor_%s","vhost":"/",%s}' "$separator" "$part" "$(broker_permissions "$part")"
        separator=,
    done
    printf ']}'
}

broker_permissions() {
    case $1 in
    ingress) printf '"configure":"^amq\\\\.gen.*$","write":"^(commands|events|amq\\\\.gen.*)$","read":"^(events|amq\\\\.gen.*)$"' ;;
    recorder) printf '"configure":"^$","write":"^(return|amq\\\\.default)$","read":"^[a-z]+\\\\.dead$"' ;;
    *) printf '"configure":"^$","write":"^(commands|events|dead|retry\\\\..+)$","read":"^%s$"' "$1" ;;
    esac
}

provision_rabbitmq() {
    local digest
    digest=$(broker_users | sha256sum)
    [ ! -f "$rabbitmq_dir/ready" ] || [ "$digest" != "$(<"$rabbitmq_dir/ready")" ] || return 0
    broker_api POST /definitions <(broker_users) || die 1 "RabbitMQ refused the users of the parts"
    printf '%s' "$digest" >"$rabbitmq_dir/ready"
}
