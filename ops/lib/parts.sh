# shellcheck shell=bash
# Conveyor's parts: how each is run, what it may know, and when it is ready. Sourced, never run.

# topology/parts.yaml, by "part key": its words. The file is names and lists alone: `name:` begins an entry, `  key: [word, word]` is one of its lists, and a
# list may go on in the next lines.
declare -A entry=()
workers=() # what hears messages, in the file's order
read_parts() {
    local line name='' key='' list='^  ([a-z_]+):(.*)$'
    while IFS= read -r line; do
        line=${line%%#*}
        if [[ $line =~ ^([a-z]+):[[:space:]]*$ ]]; then
            name=${BASH_REMATCH[1]} key=''
            continue
        elif [[ $line =~ $list ]]; then
            key=${BASH_REMATCH[1]} line=${BASH_REMATCH[2]}
            [ "$key" != hears ] || workers+=("$name")
        elif [[ $line =~ ^[[:space:]]*$ ]]; then
            continue
        fi
        [ -n "$name" ] && [ -n "$key" ] && [[ $line != [![:space:]]* ]] || die 78 "topology/parts.yaml: cannot read: $line"
        read -ra line <<<"${line//[],[]/ }"
        entry["$name $key"]+="${line[*]} "
    done <"$root/topology/parts.yaml"
}
read_parts

# The one list: a worker's executable, queue, port, database role, broker user, unit, manifest and place in the image and the package follow from its name.
parts=("${workers[@]}" recorder ingress console)
# The executables of a server, and the stand-in for Stripe in development.
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

# The secrets of .local/env go only to the parts whose entries name them; everything else there is for all.
may_know() {
    local name
    case "$1 $2" in
    *" DATABASE_URL" | *" AMQP_URL" | *" AMQP_URLS" | *" RABBITMQ_API") return 1 ;; # the owner's; a part has its own
    "stripe-double STRIPE_"*) return 0 ;;
    esac
    if [[ " ${entry["$1 secrets"]-} " == *" $2 "* ]]; then return 0; fi
    for name in "${!entry[@]}"; do
        if [[ $name == *" secrets" && " ${entry[$name]} " == *" $2 "* ]]; then return 1; fi
    done
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

# The health endpoint of a part: PORT PATH
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
