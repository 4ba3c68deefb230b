# shellcheck shell=bash
# Every process is a runit service in .local/service: runsvdir, in its own session, supervises them and restarts a process one second after it ends.
# Sourced, never run.

export SVDIR=$local_dir/service
list_services() {
    servers=(epmd "${nodes[@]}" postgres mail stripe-double demo)
    services=("${servers[@]}" "${parts[@]}")
}
list_services
# A mark in the environment of all processes of this instance, which tells them from others. It is random, because another container's folder may have the
# same path.
ours() { printf 'CONVEYOR_LOCAL=%s' "$(cat "$local_dir/id" 2>/dev/null || true)"; }

# service_named ARGUMENT: orders, or orders-worker
service_named() {
    local name=${1%-worker}
    [[ " ${services[*]} " == *" $name "* ]] || die 64 "no $1; parts: ${parts[*]}; servers: ${servers[*]}"
    printf '%s' "$name"
}

# The functions about one service have its name in theirs.
for_service() {
    local verb=$1 name=${2//-/_}
    if is_part "$2"; then name=part; fi
    case $name in rabbitmq_*) name=rabbitmq ;; esac
    case $verb in
    inputs) "${name}_inputs" "$2" ;;
    run) "run_$name" "$2" ;;
    is_ready) "${name}_is_ready" "$2" ;;
    esac
}

digest_of() { for_service inputs "$1" | sha256sum | cut -c1-32; }

# .local/run/NAME.started: pid, its start time, digest of its settings and executable. The pid alone may belong to another process by now.
started_pid() {
    local pid start
    { read -r pid start _ <"$local_dir/run/$1.started"; } 2>/dev/null || return 1
    [ "$(start_time "$pid")" = "$start" ] && printf '%s' "$pid"
}

is_running() { started_pid "$1" >/dev/null; }

record_start() {
    local record=$local_dir/run/$1
    printf '%s %s %s\n' "$2" "$(start_time "$2")" "${3-}" | write_file "$record.started"
    printf '%s\n' "$2" | write_file "$record.pid"
}

supervised() { sv status "$1" >/dev/null 2>&1; }

define_service() {
    local folder=$SVDIR/$1
    if [ ! -d "$folder" ]; then
        mkdir -p "$folder.new"
        touch "$folder.new/down" # until it is started
        mv "$folder.new" "$folder"
    fi
    # shellcheck disable=SC2016 # for the script
    printf '#!/bin/sh\nexec "$CONVEYOR_ROOT/ops/lib/service" %s\n' "$1" | write_file "$folder/run"
    chmod 700 "$folder/run"
    if [ "$1" = postgres ]; then
        # TERM would wait until every client has gone; INT closes their connections.
        mkdir -p "$folder/control"
        # shellcheck disable=SC2016 # for the script
        printf '#!/bin/sh\nexec kill -s INT "$(cat supervise/pid)"\n' | write_file "$folder/control/t"
        chmod 700 "$folder/control/t"
    fi
}

start_supervisor() {
    local name orphans=()
    if ! is_running supervisor; then
        # A killed supervisor leaves its children, and two cannot supervise one service.
        for name in "${services[@]}"; do ! supervised "$name" || orphans+=("$name"); done
        [ "${#orphans[@]}" = 0 ] || sv -w 40 force-shutdown "${orphans[@]}" >/dev/null || true
        supervisor_is_ours=yes
        # Parts get nothing else of this shell's environment.
        env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$(ours)" \
            CONVEYOR_ROOT="$root" CONVEYOR_DIR="$local_dir" setsid runsvdir -P "$SVDIR" </dev/null >>"$local_dir/log/supervisor.log" 2>&1 {lock}>&- 9>&- &
        record_start supervisor $!
    fi
    for name in "${services[@]}"; do wait_until 10 "$name is not supervised" supervised "$name"; done
}
supervisor_is_ours=

# wait_until SECONDS COMPLAINT COMMAND…
wait_until() {
    local deadline=$((SECONDS + $1)) complaint=$2
    shift 2
    until "$@"; do
        ((SECONDS < deadline)) || die 1 "$complaint"
        sleep 0.05
    done
}

# Starts a stopped service, and restarts one that runs with other settings or another executable. Prints which.
ensure() {
    local name=$1 digest pid start was
    digest=$(digest_of "$name")
    rm -f "$SVDIR/$name/down"
    if is_running "$name"; then
        read -r pid start was <"$local_dir/run/$name.started"
        if [ "$was" = "$digest" ]; then
            sv up "$name"
            return
        fi
        say "   $name restarts with its changes"
        sv -w 40 force-restart "$name" >/dev/null || die 1 "$name does not stop"
    else
        sv up "$name" || die 1 "$name does not start"
    fi
    changed+=("$name")
}
changed=()

# await NAME: waits until it answers. If it ends three times before, the start has failed.
await() {
    local name=$1 deadline=$((SECONDS + 60)) starts=0 pid last=
    until is_running "$name" && for_service is_ready "$name"; do
        pid=$(started_pid "$name") || pid=$last
        if [ "$pid" != "$last" ]; then
            last=$pid
            starts=$((starts + 1))
        fi
        if ((starts > 3 || SECONDS >= deadline)); then
            warn "$name does not get ready; the end of $local_dir/log/$name.log:"
            tail -n 8 "$local_dir/log/$name.log" >&2
            exit 1
        fi
        sleep 0.05
    done
}

# stop NAME…: stops all at once, and kills those that do not end in time; their data survives that as it survives a crash.
stop() {
    local name known=()
    for name in "$@"; do
        [ -d "$SVDIR/$name" ] || continue
        touch "$SVDIR/$name/down"
        ! supervised "$name" || known+=("$name")
    done
    [ "${#known[@]}" = 0 ] || sv -w 40 force-stop "${known[@]}" >/dev/null || true
    for name in "$@"; do
        end_leftover "$name"
        rm -f "$local_dir/run/$name".{pid,started}
    done
}

# A process whose supervisor was killed has lost its parent, but its record identifies it.
end_leftover() {
    local pid signal=TERM
    [ "$1" != postgres ] || signal=INT
    pid=$(started_pid "$1") || return 0
    kill -s "$signal" "$pid" 2>/dev/null || true
    for _ in {1..400}; do
        is_running "$1" || return 0
        sleep 0.1
    done
    kill -s KILL "$pid" 2>/dev/null || true
}

# The supervisors, and all other remaining processes of this instance.
stop_supervisor() {
    local pid
    # On HUP it ends its children first.
    if pid=$(started_pid supervisor); then kill -s HUP "$pid" 2>/dev/null || true; fi
    for _ in {1..50}; do
        is_running supervisor || break
        sleep 0.1
    done
    [ ! -s "$local_dir/id" ] || end_marked "$(ours)"
    rm -f "$local_dir"/run/supervisor.*
}

# Services stop before the services that they depend on.
stop_everything() {
    stop "${parts[@]}"
    stop stripe-double mail demo
    stop "${nodes[@]}" postgres
    stop epmd
    stop_supervisor
}

# Two scripts at the same time would disturb each other.
take_lock() {
    exec {lock}>>"$local_dir/lock"
    flock -w 10 "$lock" || die 1 "another ops/up or ops/down is running"
}
