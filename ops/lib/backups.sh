# shellcheck shell=bash
# Common functions of ops/backup and ops/restore. Sourced, never run.
. "$root/ops/lib/settings.sh"

env_files=()

# read_env_files: the files of --env-file, otherwise those of ops/up.
read_env_files() {
    [ "${#env_files[@]}" != 0 ] || env_files=("$local_dir/env")
    local file
    for file in "${env_files[@]}"; do [ -r "$file" ] || die 1 "cannot read $file; --env-file names the owner's settings"; done
    command -v pg_dump >/dev/null || die 1 "pg_dump is missing: apt-get install postgresql-client-15"
}

# with_database COMMAND…: runs it with libpq's variables in the environment.
with_database() {
    (
        while IFS= read -r line; do export "${line?}"; done < <("$root/ops/lib/libpq-environment" "${env_files[@]}")
        exec "$@"
    )
}

setting_of() {
    local file value found=${!1-}
    if [ -z "$found" ]; then
        for file in "${env_files[@]}"; do
            value=$(value_in "$file" "$1")
            found=${value:-$found}
        done
    fi
    printf '%s' "$found"
}

# broker METHOD PATH [FILE]: credentials are passed by a descriptor, not by an argument.
broker() {
    local api ca
    api=$(setting_of RABBITMQ_API) ca=$(setting_of TLS_CA_FILE)
    [ -n "$api" ] || die 78 "RABBITMQ_API is not set"
    curl -sf --max-time 60 -X "$1" -H 'content-type: application/json' ${ca:+--cacert "$ca"} ${3:+--data-binary "@$3"} \
        --config <(printf 'url = "%s/api%s"\n' "$api" "$2")
}
