# shellcheck shell=bash
# The beginning of every script: the project's folder, messages, errors. Sourced, never run.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# CONVEYOR_DIR names a folder instead of .local: another instance with its own data, ports and processes.
local_dir=${CONVEYOR_DIR:-$root/.local}
case $local_dir in /*) ;; *) local_dir=$PWD/$local_dir ;; esac

# The times of the steps are useful in log files too, so nothing here depends on a terminal.
SECONDS=0

say() { printf '%s\n' "$*"; }
warn() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# die CODE MESSAGE…
die() {
    local code=$1
    shift
    warn "$@"
    exit "$code"
}

now_ms() { local now=${EPOCHREALTIME/[.,]/}; printf '%s' "${now%???}"; }

# step TITLE COMMAND…: runs COMMAND in this shell; prints the title before and the duration after.
step() {
    local title=$1 begin took
    shift
    begin=$(now_ms)
    printf '%s\n' "-- $title"
    "$@"
    took=$(($(now_ms) - begin))
    printf '   %s (%d.%01d s)\n' "${step_result:-done}" $((took / 1000)) $((took % 1000 / 100))
    step_result=
}
step_result=

# A private key of P-256 for web push: nearly all 32-byte values are valid; the parts refuse the others (one in 2^32).
vapid_key() { head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n'; }

random_hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

# start_time PID: the start of the process in clock ticks since boot; together with the pid it identifies one process uniquely.
start_time() {
    local stat
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
    stat=${stat##*) } # the name may hold blanks and brackets
    # shellcheck disable=SC2086 # fields are meant to be split
    set -- $stat
    [ "$1" != Z ] && printf '%s' "${20}"
}

# usage: the comment at the head of the script.
usage() {
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
    exit 0
}
