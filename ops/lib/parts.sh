# shellcheck shell=bash
# Conveyor's parts: how each is run, what it may know, and when it is ready. Sourced, never run.

# The one list: each queue of the topology that has a queue for its dead letters is a worker's. Its executable, port, database role, broker user, unit,
# manifest and place in the image and the package follow from the name.
mapfile -t workers < <(sed -n 's/.*{"name": "\([a-z][a-z0-9_]*\)\.dead", "vhost".*/\1/p' "$root/topology/definitions.json")
parts=("${workers[@]}" recorder ingress console)
# What runs on a server, and what stands in for Stripe here.
shipped=(ingress conveyor "${workers[@]/%/-worker}")
executables=("${shipped[@]}" stripe-double)

is_part() { [[ " ${parts[*]} " == *" $1 "* ]]; }

# The executable, and what follows it.
part_command() {
    case $1 in
    ingress) printf 'ingress' ;;
    recorder) printf 'conveyor record' ;;
    console) printf 'conveyor console' ;;
    *) printf '%s-worker' "$1" ;;
    esac
}

# metrics_port PART: where it usually answers about itself; the ingress first, the others in their order.
metrics_port() {
    local part number=17680
    for part in ingress "${workers[@]}" recorder console; do
        [ "$part" != "$1" ] || printf '%d' "$number"
        number=$((number + 1))
    done
}

# The secrets of .local/env go only to the parts that use them; everything else there is for all.
may_know() {
    case $2 in
    DATABASE_URL | AMQP_URL | AMQP_URLS | RABBITMQ_API) return 1 ;; # the owner's; a part has its own
    SECRET_KEY | SECRET_KEY_PREVIOUS) [[ $1 = ingress || $1 = email || $1 = webhooks ]] ;;
    STRIPE_SECRET_KEY) [[ $1 = payments || $1 = stripe-double ]] ;;
    STRIPE_WEBHOOK_SECRET) [[ $1 = ingress || $1 = stripe-double ]] ;;
    EMAIL_USERNAME | EMAIL_PASSWORD | SMS_ACCOUNT_SID | SMS_AUTH_TOKEN) [[ $1 = email ]] ;;
    VAPID_PRIVATE_KEY) [[ $1 = ingress || $1 = email ]] ;;
    CONSOLE_TOKEN | OIDC_CLIENT_SECRET) [[ $1 = console ]] ;;
    NOTIFY_URL | NOTIFY_SECRET) [[ $1 = recorder ]] ;;
    esac
}

# environment_of PART: puts its settings: what all share, what it has of its own, what `ops/up PART KEY=VALUE` said last.
environment_of() {
    local name
    open_settings "$local_dir/env"
    for name in "${setting_names[@]}"; do may_know "$1" "$name" || unset "setting[$name]"; done
    read_settings "$local_dir/env.d/$1" put
    read_settings "$local_dir/overrides/$1" put
    for name in "${!setting[@]}"; do [ -n "${setting[$name]}" ] || unset "setting[$name]"; done # KEY= is KEY's default
}

# The same settings and the same executable have the same text.
part_inputs() {
    local name executable
    environment_of "$1"
    for name in "${!setting[@]}"; do printf '%s=%s\n' "$name" "${setting[$name]}"; done | sort
    read -r executable _ <<<"$(part_command "$1")"
    stat -c '%n %i %s %y' "$local_dir/bin/$executable"
}

run_part() {
    local name command
    environment_of "$1"
    for name in "${!setting[@]}"; do export "$name=${setting[$name]}"; done
    read -ra command <<<"$(part_command "$1")"
    ulimit -Sn "$(ulimit -Hn)" 2>/dev/null || true # a connection is a descriptor
    exec "$local_dir/bin/${command[0]}" "${command[@]:1}"
}

# Where a part answers: PORT PATH
part_health() {
    environment_of "$1"
    case $1 in
    ingress) printf '%s /health/ready' "${setting[PORT]}" ;;
    console) printf '%s /login' "${setting[CONSOLE_PORT]}" ;;
    *) printf '%s /health/ready' "${setting[METRICS_PORT]}" ;;
    esac
}

part_is_ready() {
    local port path scheme=http
    read -r port path <<<"$(part_health "$1")"
    environment_of "$1"
    [ -z "${setting[TLS_CERT]-}" ] || scheme=https
    curl -sfk --max-time 2 -o /dev/null "$scheme://127.0.0.1:$port$path"
}
