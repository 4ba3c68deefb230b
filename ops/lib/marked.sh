# shellcheck shell=bash
# Processes with a mark in their environment, which they inherited from these scripts; other processes are never touched. Sourced, never run.

marked() {
    local environment
    for environment in $(grep -lzxF -- "$1" /proc/[0-9]*/environ 2>/dev/null || true); do
        environment=${environment#/proc/}
        printf '%s\n' "${environment%/environ}"
    done
}

# end_marked NAME=VALUE: sends TERM, and after five seconds KILL.
end_marked() {
    local signal attempt pids
    for signal in TERM KILL; do
        for attempt in {1..50}; do
            pids=$(marked "$1")
            [ -n "$pids" ] || return 0
            # shellcheck disable=SC2086 # a list of pids
            [ "$attempt" != 1 ] || kill -s "$signal" $pids 2>/dev/null || true
            sleep 0.1
        done
    done
}
