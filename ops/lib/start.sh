# shellcheck shell=bash
# The steps of ops/up between the build and the sample shop; each may be repeated. Sourced, never run.

start_servers() {
    local name
    prepare_postgres
    prepare_rabbitmq
    for name in "${services[@]}"; do define_service "$name"; done
    start_supervisor
    for name in "${servers[@]}"; do is_new_node "$name" || ensure "$name"; done
    await postgres
    provision_postgres
    say_what_changed
}

# The operator's command line, with the owner's access.
conveyor() {
    (
        read_settings "$local_dir/env" export_setting
        exec "$local_dir/bin/conveyor" "$@"
    )
}

migrate() { conveyor migrate; }

apply_topology() {
    await rabbitmq
    join_nodes
    provision_rabbitmq
    conveyor topology apply
    grow_queues
    [ "${#changed[@]}" = 0 ] || say_what_changed
}

start_parts() { start "${parts[@]}" mail stripe-double demo; }

start() {
    local name
    for name in "$@"; do ensure "$name"; done
    for name in "$@"; do await "$name"; done
    say_what_changed
}

say_what_changed() {
    if [ "${#changed[@]}" = 0 ]; then step_result="as it was"; else step_result="started ${changed[*]}"; fi
    changed=()
}
