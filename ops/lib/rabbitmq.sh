# shellcheck shell=bash
# A private RabbitMQ in .local/rabbitmq with its own epmd, on the loopback interface only: one node, the service rabbitmq, or after
# `ops/up --nodes N` a cluster with rabbitmq-2, rabbitmq-3 …. Sourced, never run.

rabbitmq_dir=$local_dir/rabbitmq

read_nodes() {
    local count number
    count=$(value_in "$local_dir/env.d/rabbitmq" NODES)
    nodes=(rabbitmq)
    for ((number = 2; number <= ${count:-1}; number++)); do nodes+=("rabbitmq-$number"); done
}
read_nodes

set_nodes() {
    [ "$1" -ge "${#nodes[@]}" ] || die 64 "a cluster cannot shrink; ops/down --wipe starts over without data"
    open_settings "$local_dir/env.d/rabbitmq"
    put NODES "$1"
    save_settings
    read_nodes
    list_services
}

# The Erlang name of a node; of rabbitmq-2: conveyor2@localhost
node_name() {
    local number=${1#rabbitmq}
    printf 'conveyor%s@localhost' "${number#-}"
}

rabbitmq_port() { value_in "$local_dir/env.d/${2:-rabbitmq}" "$1"; }

# The nodes in the form of AMQP_URLS, for a user.
amqp_urls() {
    local node separator=
    for node in "${nodes[@]}"; do
        printf '%samqp://%s:%s@127.0.0.1:%s' "$separator" "$1" "$2" "${port["env.d/$node AMQP_PORT"]}"
        separator=,
    done
}

prepare_rabbitmq() {
    local node
    mkdir -p "$rabbitmq_dir"
    # An interrupted first start may have left an incomplete database.
    [ -f "$rabbitmq_dir/ready" ] || is_running rabbitmq || rm -rf "$rabbitmq_dir/data"
    for node in "${nodes[@]}"; do rabbitmq_configuration "$node" | write_file "$rabbitmq_dir/$node.conf"; done
    printf '[rabbitmq_management].\n' | write_file "$rabbitmq_dir/enabled_plugins"
    # Nodes that start at the same time would each make one.
    [ -f "$rabbitmq_dir/.erlang.cookie" ] || (umask 377 && random_hex 20 >"$rabbitmq_dir/.erlang.cookie")
}

is_new_node() { [[ $1 = rabbitmq-* ]] && [ ! -d "$rabbitmq_dir/data/$(node_name "$1")" ]; }

# From the first start there is an administrator and no guest.
rabbitmq_configuration() {
    local api
    api=$(value_in "$local_dir/env" RABBITMQ_API)
    cat <<CONF
# Made by ops/up.
listeners.tcp.default = 127.0.0.1:$(rabbitmq_port AMQP_PORT "$1")
management.tcp.ip = 127.0.0.1
management.tcp.port = $(rabbitmq_port MANAGEMENT_PORT "$1")
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

# A worker holds messages for as long as the database is away. After half an hour, RabbitMQ's own limit, it would lose its channel over that, and each message
# would count as one that has crashed it. A week.
consumer_timeout = 604800000

log.console = true
log.console.level = info
log.connection.level = warning
CONF
    [ "${#nodes[@]}" = 1 ] || cluster_configuration
}

# A minority stops serving instead of answering for itself; a frozen node is noticed after ten seconds instead of a minute.
cluster_configuration() {
    local number
    cat <<CONF

cluster_formation.peer_discovery_backend = classic_config
cluster_formation.randomized_startup_delay_range.min = 0
cluster_formation.randomized_startup_delay_range.max = 1
cluster_partition_handling = pause_minority
net_ticktime = 10
queue_leader_locator = balanced
CONF
    for number in "${!nodes[@]}"; do printf 'cluster_formation.classic_config.nodes.%d = %s\n' $((number + 1)) "$(node_name "${nodes[number]}")"; done
}

# rabbitmq_environment [NODE]: keeps it apart from Debian's system-wide RabbitMQ.
rabbitmq_environment() {
    local node=${1:-rabbitmq}
    export HOME=$rabbitmq_dir
    export ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT RABBITMQ_DIST_PORT
    ERL_EPMD_PORT=$(rabbitmq_port EPMD_PORT)
    RABBITMQ_DIST_PORT=$(rabbitmq_port DIST_PORT "$node")
    export RABBITMQ_NODENAME
    RABBITMQ_NODENAME=$(node_name "$node")
    export RABBITMQ_CONF_ENV_FILE=$rabbitmq_dir/none RABBITMQ_ADVANCED_CONFIG_FILE=$rabbitmq_dir/none
    export RABBITMQ_CONFIG_FILE=$rabbitmq_dir/$node.conf
    export RABBITMQ_GENERATED_CONFIG_DIR=$rabbitmq_dir/generated/$node RABBITMQ_SCHEMA_DIR=$rabbitmq_dir/schema/$node
    export RABBITMQ_ENABLED_PLUGINS_FILE=$rabbitmq_dir/enabled_plugins
    export RABBITMQ_MNESIA_BASE=$rabbitmq_dir/data RABBITMQ_LOG_BASE=$rabbitmq_dir/log RABBITMQ_LOGS=-
    export RABBITMQ_PID_FILE=$rabbitmq_dir/$node.pid
    export ERL_CRASH_DUMP=$rabbitmq_dir/$node.erl_crash.dump
    export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false'
    # Several nodes share the machine's cores.
    [ "${#nodes[@]}" = 1 ] || RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS+=' +S 1:1 +sbwt none'
}

epmd_inputs() { rabbitmq_port EPMD_PORT; }

run_epmd() {
    rabbitmq_environment
    exec epmd
}

epmd_is_ready() { (exec 3<>"/dev/tcp/127.0.0.1/$(rabbitmq_port EPMD_PORT)") 2>/dev/null; }

# Without the administrator's password: it counts only at the first start; a running node gets a new one by its API.
rabbitmq_inputs() {
    rabbitmq_configuration "$1" | grep -v '^default_pass = '
    cat "$local_dir/env.d/$1"
}

run_rabbitmq() {
    rabbitmq_environment "$1"
    # The Erlang machine starts an epmd if it finds none, and no supervisor would watch that one.
    wait_until 20 "epmd does not answer" epmd_is_ready
    # With input allowed the script becomes the Erlang machine, instead of a shell that waits for it.
    RABBITMQ_ALLOW_INPUT=1 exec /usr/lib/rabbitmq/bin/rabbitmq-server -noinput
}

# broker_api METHOD PATH [BODY-FILE]: calls the management API; credentials are passed by a descriptor, not by an argument.
broker_api() {
    local api
    api=$(value_in "$local_dir/env" RABBITMQ_API)
    curl -sf --max-time 10 -X "$1" -H 'content-type: application/json' ${3:+--data-binary "@$3"} \
        --config <(printf 'url = "%s/api%s"\n' "$api" "$2")
}

# Each node reports only about itself.
rabbitmq_is_ready() {
    local api
    api=$(value_in "$local_dir/env" RABBITMQ_API)
    curl -sf --max-time 10 -o /dev/null --config <(
        printf 'url = "%s:%s/api/health/checks/port-listener/%s"\n' "${api%:*}" "$(rabbitmq_port MANAGEMENT_PORT "$1")" "$(rabbitmq_port AMQP_PORT "$1")"
    )
}

# New nodes join a running one: two new nodes might form a cluster of their own.
join_nodes() {
    local node
    for node in "${nodes[@]}"; do ! is_new_node "$node" || ensure "$node"; done
    for node in "${nodes[@]}"; do await "$node"; done
}

# A queue stays on the nodes that existed at its creation; this adds the others.
grow_queues() {
    local node
    [ "${#nodes[@]}" != 1 ] || return 0
    broker_api GET '/queues/%2F?disable_stats=true&columns=name,members' |
        /usr/bin/python3 -c 'import json, sys; sys.exit(any(len(queue["members"]) < int(sys.argv[1]) for queue in json.load(sys.stdin) if "members" in queue))' "${#nodes[@]}" &&
        return
    for node in "${nodes[@]}"; do
        (
            rabbitmq_environment
            /usr/lib/rabbitmq/bin/rabbitmq-queues --quiet --node "$RABBITMQ_NODENAME" grow "$(node_name "$node")" all >>"$local_dir/log/rabbitmq.log" 2>&1
        ) || die 1 "the queues do not grow to $node; see $local_dir/log/rabbitmq.log"
    done
}

provision_rabbitmq() {
    local digest
    digest=$(broker_users | sha256sum)
    [ ! -f "$rabbitmq_dir/ready" ] || [ "$digest" != "$(<"$rabbitmq_dir/ready")" ] || return 0
    broker_api POST /definitions <(broker_users) || die 1 "RabbitMQ refused the users of the parts"
    printf '%s' "$digest" >"$rabbitmq_dir/ready"
}
