# shellcheck shell=bash
# What every script starts with: where the project is, how to speak, how to fail. Sourced, never run.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# CONVEYOR_DIR names another folder than .local: another instance beside the first, with its own data, ports and processes.
local_dir=${CONVEYOR_DIR:-$root/.local}
case $local_dir in /*) ;; *) local_dir=$PWD/$local_dir ;; esac

# A time per step is worth having in a log file too, so nothing here depends on a terminal.
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

# step TITLE COMMAND…: runs COMMAND in this shell between a line that says what begins and a line that says how long it took.
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

# A private key of P-256 as web push has them: any 32 bytes are one, but for one in four thousand millions, which the parts refuse.
vapid_key() { head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n'; }

random_hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

# start_time PID: when the process started, in clock ticks since boot; with the pid it names one process for ever.
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
