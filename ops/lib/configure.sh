# shellcheck shell=bash
# Writes .local/env and .local/env.d: free ports, random secrets, and the addresses that follow from both. Existing values stay: an operator's edits,
# secrets, and the ports of running services. Sourced, never run.

# file, name, default port, service
port_table="env PORT 8080 ingress
env CONSOLE_PORT 8081 console
env SMTP_PORT 17025 mail
env.d/stripe-double PORT 17690 stripe-double
env.d/demo PORT 8082 demo
env.d/postgres PGPORT 15432 postgres
env.d/rabbitmq AMQP_PORT 17672 rabbitmq
env.d/rabbitmq MANAGEMENT_PORT 17673 rabbitmq
env.d/rabbitmq DIST_PORT 17674 rabbitmq
env.d/rabbitmq EPMD_PORT 17675 epmd"

make_folders() {
    mkdir -p "$local_dir"/{env.d,overrides,service,run,log,mail,bin}
    chmod 711 "$local_dir" # Postgres's user passes through, and reads nothing
    [ -s "$local_dir/id" ] || random_hex 8 | write_file "$local_dir/id"
}

configure() {
    choose_ports
    configure_shared
    configure_servers
    configure_parts
}

declare -A port=() # by "file name"

# Two instances must not choose the same ports, so the lock on descriptor 9 is held until the services listen on them. The lock is on the folder itself,
# which all users can open and none can replace.
lock_ports() {
    exec 9</tmp
    flock -w 60 9 || true
}
unlock_ports() { exec 9>&-; }

# The default ports of further RabbitMQ nodes, three each.
node_ports() {
    local node number=0
    for node in "${nodes[@]:1}"; do
        printf 'env.d/%s %s %d %s\n' "$node" AMQP_PORT $((17692 + number)) "$node" "$node" MANAGEMENT_PORT $((17693 + number)) "$node" \
            "$node" DIST_PORT $((17694 + number)) "$node"
        number=$((number + 3))
    done
}

metrics_ports() {
    local part
    for part in "${workers[@]}" recorder console; do printf 'env.d/%s METRICS_PORT %d %s\n' "$part" "$(metrics_port "$part")" "$part"; done
}

choose_ports() {
    local file name usual owner now chosen wanted=() kept=()
    while read -r file name usual owner; do
        now=$(value_in "$local_dir/$file" "$name")
        port["$file $name"]=${now:-$usual}
        if [ -n "$now" ] && is_running "$owner"; then kept+=("$now"); else wanted+=("$file $name=${now:-$usual}"); fi
    done < <(
        printf '%s\n' "$port_table"
        metrics_ports
        node_ports
    )
    [ "${#wanted[@]}" != 0 ] || return 0
    lock_ports
    chosen=$("$root/ops/lib/free-ports" "${wanted[@]}" "${kept[@]}") || die 1 "no ports"
    while IFS='=' read -r name now; do port["$name"]=$now; done <<<"$chosen"
}

# amqp://user:password@127.0.0.1:port, with the existing password if there is one.
keep_url() {
    local name=$1 scheme=$2 user=$3 address=$4 password
    password=$(password_in "${setting[$name]-}")
    put "$name" "$scheme://$user:${password:-$(random_hex 16)}@127.0.0.1:$address"
}

configure_shared() {
    open_settings "$local_dir/env"
    keep ENVIRONMENT development
    keep HOST 127.0.0.1
    put PORT "${port[env PORT]}"
    keep_secret SECRET_KEY 32
    put CONSOLE_PORT "${port[env CONSOLE_PORT]}"
    keep_secret CONSOLE_TOKEN 16
    keep_url DATABASE_URL postgresql conveyor "${port[env.d/postgres PGPORT]}/conveyor"
    keep_url AMQP_URL amqp conveyor "${port[env.d/rabbitmq AMQP_PORT]}"
    [ "${#nodes[@]}" = 1 ] || put AMQP_URLS "$(amqp_urls conveyor "$(password_in "${setting[AMQP_URL]}")")"
    # One user, one password.
    put RABBITMQ_API "http://conveyor:$(password_in "${setting[AMQP_URL]}")@127.0.0.1:${port[env.d/rabbitmq MANAGEMENT_PORT]}"
    keep_secret STRIPE_SECRET_KEY 16 sk_test_
    keep_secret STRIPE_PUBLISHABLE_KEY 16 pk_test_
    keep_secret STRIPE_WEBHOOK_SECRET 16 whsec_
    put STRIPE_API_BASE "http://127.0.0.1:${port[env.d/stripe-double PORT]}"
    keep SMTP_HOST 127.0.0.1
    put SMTP_PORT "${port[env SMTP_PORT]}"
    keep SMTP_TLS none
    keep EMAIL_FROM shop@conveyor.example
    keep ADMIN_EMAIL admin@conveyor.example
    keep VAPID_PRIVATE_KEY "$(vapid_key)"
    keep VAPID_SUBJECT mailto:admin@conveyor.example
    put RABBITMQCTL "$local_dir/rabbitmqctl"
    put SHOP_URL "http://127.0.0.1:${port[env.d/demo PORT]}"
    save_settings
}

configure_servers() {
    local node name
    open_settings "$local_dir/env.d/postgres"
    put PGHOST 127.0.0.1
    put PGPORT "${port[env.d/postgres PGPORT]}"
    put PGUSER postgres
    keep_secret PGPASSWORD 16
    save_settings

    # `conveyor waiting` reads the queues with it. It does the same as rabbitmqctl, but within milliseconds, because it starts no Erlang machine.
    write_file "$local_dir/rabbitmqctl" <<SCRIPT
#!/bin/sh
[ "\$2" = eval ] || exit 64
export HOME='$rabbitmq_dir' ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT='${port[env.d/rabbitmq EPMD_PORT]}'
printf '%s\\n' "\$3" | exec erl_call -sname '$(node_name rabbitmq)' -h "conveyor-\$\$" -e
SCRIPT
    chmod 755 "$local_dir/rabbitmqctl"

    for node in "${nodes[@]}"; do
        open_settings "$local_dir/env.d/$node"
        for name in AMQP_PORT MANAGEMENT_PORT DIST_PORT; do put "$name" "${port["env.d/$node $name"]}"; done
        [ "$node" != rabbitmq ] || put EPMD_PORT "${port[env.d/rabbitmq EPMD_PORT]}"
        save_settings
    done

    open_settings "$local_dir/env.d/stripe-double"
    put PORT "${port[env.d/stripe-double PORT]}"
    save_settings

    open_settings "$local_dir/env.d/demo"
    put PORT "${port[env.d/demo PORT]}"
    save_settings
}

# The pages of ops/demo have another origin than the API. A list edited by hand stays.
allow_demo() {
    local generated='^\["http://127\.0\.0\.1:[0-9]+"\]$' now=${setting[BACKEND_CORS_ORIGINS]-}
    [[ -n $now && ! $now =~ $generated ]] || put BACKEND_CORS_ORIGINS "[\"http://127.0.0.1:${port[env.d/demo PORT]}\"]"
}

# Each part has its own database role and broker user. The console acts for the operator, with the recorder's role in the database and the owner's
# broker user.
configure_parts() {
    local part
    for part in "${workers[@]}" recorder ingress; do
        open_settings "$local_dir/env.d/$part"
        keep_url DATABASE_URL postgresql "conveyor_$part" "${port[env.d/postgres PGPORT]}/conveyor"
        keep_url AMQP_URL amqp "conveyor_$part" "${port[env.d/rabbitmq AMQP_PORT]}"
        [ "${#nodes[@]}" = 1 ] || put AMQP_URLS "$(amqp_urls "conveyor_$part" "$(password_in "${setting[AMQP_URL]}")")"
        put RABBITMQ_API "http://conveyor_$part:$(password_in "${setting[AMQP_URL]}")@127.0.0.1:${port[env.d/rabbitmq MANAGEMENT_PORT]}"
        if [ "$part" = ingress ]; then allow_demo; else put METRICS_PORT "${port[env.d/$part METRICS_PORT]}"; fi
        save_settings
    done
    open_settings "$local_dir/env.d/console"
    put DATABASE_URL "$(value_in "$local_dir/env.d/recorder" DATABASE_URL)"
    put AMQP_URL "$(value_in "$local_dir/env" AMQP_URL)"
    [ "${#nodes[@]}" = 1 ] || put AMQP_URLS "$(value_in "$local_dir/env" AMQP_URLS)"
    put RABBITMQ_API "$(value_in "$local_dir/env" RABBITMQ_API)"
    put METRICS_PORT "${port[env.d/console METRICS_PORT]}"
    save_settings
}
