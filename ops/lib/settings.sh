# shellcheck shell=bash
# Files of KEY=VALUE lines, such as .local/env and --env-file: no quotes, no escapes. The values that these scripts write contain no special characters of
# a shell, so that a shell can read the files too. Sourced, never run.

declare -A setting=() # of the file that is open
setting_names=()      # in their order
setting_file=

# write_file FILE: replaces FILE by the standard input, atomically and only if it differs.
write_file() {
    cat >"$1.new"
    if cmp -s "$1.new" "$1"; then rm "$1.new"; else mv "$1.new" "$1"; fi
}

put() {
    [ -v "setting[$1]" ] || setting_names+=("$1")
    setting[$1]=$2
}

# Existing values in the file stay, also an operator's edits.
keep() { [ -v "setting[$1]" ] || put "$1" "$2"; }

# keep_secret NAME BYTES [PREFIX]
keep_secret() { [ -v "setting[$1]" ] || put "$1" "${3-}$(random_hex "$2")"; }

# read_settings FILE COMMAND: COMMAND NAME VALUE for each line.
read_settings() {
    local line
    [ -f "$1" ] || return 0
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in
        "" | \#*) ;;
        [A-Za-z_]*=*) "$2" "${line%%=*}" "${line#*=}" ;;
        *) die 78 "${1#"$root/"}: not a KEY=VALUE line: ${line%%[!A-Za-z0-9_]*}…" ;;
        esac
    done <"$1"
}

open_settings() {
    setting=() setting_names=() setting_file=$1
    read_settings "$1" put
}

save_settings() {
    local name
    for name in "${setting_names[@]}"; do printf '%s=%s\n' "$name" "${setting[$name]}"; done | write_file "$setting_file"
}

# value_in FILE NAME: prints a value; nothing if the name is missing.
value_in() {
    local line
    [ -f "$1" ] || return 0
    while IFS= read -r line; do
        case $line in "$2="*) printf '%s' "${line#*=}" ;; esac
    done <"$1"
}

# password_in URL: prints the password in scheme://user:password@host
password_in() {
    local rest=${1#*://*:}
    [ "$rest" = "$1" ] || printf '%s' "${rest%%@*}"
}
