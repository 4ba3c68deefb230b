# shellcheck shell=bash
# The contents of topology/definitions.json for ops/deploy/generate, to be read, or imported by rabbitmqctl. Conveyor itself makes the same from
# topology/parts.yaml (Definitions(queues:)); a test compares both. Sourced, never run.

retry_delays=(1 5 30 120 600 3600)

# objects COMMAND…: a list of JSON objects, one a line, of what COMMAND prints.
objects() {
    local line separator=
    while IFS= read -r line; do
        printf '%s    %s' "$separator" "$line"
        separator=$',\n'
    done < <("$@")
    printf '\n'
}

definitions_exchanges() {
    local exchange
    for exchange in "commands topic" "events topic" "dead direct" "return direct" "${retry_delays[@]/%/ fanout}"; do
        [[ $exchange != [0-9]* ]] || exchange=retry.$exchange
        printf '{"name": "%s", "vhost": "/", "type": "%s", "durable": true, "auto_delete": false, "internal": false, "arguments": {}}\n' \
            "${exchange% *}" "${exchange#* }"
    done
}

definitions_queues() {
    local queue
    for queue in "${workers[@]/%/ dead}" "${retry_delays[@]/#/retry.}"; do
        [[ $queue != *" dead" ]] || printf '%s\n' "${queue% dead}"
        printf '%s\n' "${queue/ dead/.dead}"
    done | sed 's|.*|{"name": "&", "vhost": "/", "durable": true, "auto_delete": false, "arguments": {"x-queue-type": "quorum"}}|'
}

binding() {
    printf '{"source": "%s", "vhost": "/", "destination": "%s", "destination_type": "queue", "routing_key": "%s", "arguments": {}}\n' "$@"
}

definitions_bindings() {
    local queue event delay
    for queue in "${workers[@]}"; do
        binding commands "$queue" "$queue.#"
        for event in ${entry["$queue hears"]}; do binding events "$queue" "$event"; done
        binding return "$queue" "$queue"
        binding dead "$queue.dead" "$queue"
    done
    for delay in "${retry_delays[@]}"; do binding "retry.$delay" "retry.$delay" ""; done
}

definitions_policies() {
    local queue delay policy='{"vhost": "/", "name": "%s", "pattern": "^%s$", "apply-to": "queues", "priority": 0, "definition": {%s}}\n'
    for queue in "${workers[@]}"; do
        # shellcheck disable=SC2059 # the one form of all of them
        printf "$policy" "$queue" "$queue" "\"dead-letter-exchange\": \"dead\", \"dead-letter-routing-key\": \"$queue\", \"dead-letter-strategy\": \"at-least-once\", \
\"overflow\": \"reject-publish\", \"max-length\": 12000000, \"delivery-limit\": 20"
    done
    for delay in "${retry_delays[@]}"; do
        # shellcheck disable=SC2059
        printf "$policy" "retry.$delay" "retry\\\\.$delay" "\"dead-letter-exchange\": \"return\", \"dead-letter-strategy\": \"at-least-once\", \
\"overflow\": \"reject-publish\", \"message-ttl\": ${delay}000"
    done
}

definitions() {
    local kind separator='{'
    for kind in exchanges queues bindings policies; do
        printf '%s\n  "%s": [\n%s\n  ]' "$separator" "$kind" "$(objects "definitions_$kind")"
        separator=,
    done
    printf '\n}\n'
}
