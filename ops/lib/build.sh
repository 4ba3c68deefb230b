# shellcheck shell=bash
# The release build, and the executables that run: copies in .local/bin, so that a build pulls nothing from under a running part.
# Sourced, never run.

# CONVEYOR_BUILD=debug builds faster and runs slower: for who changes the code and wants to see it run.
case ${CONVEYOR_BUILD:-release} in
release) build_options=(--configuration release --static-swift-stdlib -Xlinker -s) ;; # stripped: a third of the size
debug) build_options=(--configuration debug) ;;
*) die 64 "CONVEYOR_BUILD is release or debug" ;;
esac

# The same sources, compiler and options have the same text.
sources() {
    (
        cd "$root"
        find Package.swift Package.resolved Sources Workers topology -type f -print0 2>/dev/null | sort -z | xargs -0 sha256sum
        printf '%s\n' "${build_options[@]}"
        swift --version 2>/dev/null
    ) | sha256sum | cut -c1-32
}

# is_of DIGEST EXECUTABLE: whether it was built from these sources. The digest lies beside it, as .EXECUTABLE, and is not older: a build by hand
# leaves it as it was.
is_of() {
    local mark=${2%/*}/.${2##*/}
    [ -x "$2" ] && [ "$(cat "$mark" 2>/dev/null)" = "$1" ] && [ ! "$2" -nt "$mark" ]
}

# build EXECUTABLE…: those whose sources have changed since they were built. Instances of one checkout share what one of them has built.
build() {
    local digest executable stale=() unbuilt=() built=$root/.build/${CONVEYOR_BUILD:-release}
    digest=$(sources)
    for executable in "$@"; do
        is_of "$digest" "$local_dir/bin/$executable" && continue
        stale+=("$executable")
        is_of "$digest" "$built/$executable" || unbuilt+=("$executable")
    done
    if [ "${#stale[@]}" = 0 ]; then
        step_result="as it was"
        return
    fi
    if [ "${#unbuilt[@]}" = "${#executables[@]}" ]; then
        run_build
    else
        for executable in "${unbuilt[@]}"; do run_build --product "$executable"; done
    fi
    for executable in "${unbuilt[@]}"; do printf '%s\n' "$digest" >"$built/.$executable"; done
    for executable in "${stale[@]}"; do
        install_executable "$executable"
        printf '%s\n' "$digest" >"$local_dir/bin/.$executable"
    done
    [ "${#unbuilt[@]}" != 0 ] || step_result="built before"
}

# Its output goes to a file; of its progress a line at a time is shown.
run_build() {
    local log=$local_dir/log/build.log status=0
    # In the background and awaited, so that a signal is handled at once.
    (
        cd "$root"
        umask 022
        exec env --default-signal=INT,QUIT swift build "${build_options[@]}" "$@"
    ) > >(build_progress "$log") 2>&1 {lock}>&- &
    build_pid=$!
    wait "$build_pid" || status=$?
    build_pid=
    if [ "$status" != 0 ]; then
        grep -E '(^|: )(error|fatal error):' "$log" | head -20 >&2 || true
        die 1 "the build failed; all of it is in $log"
    fi
}
build_pid=

# On a terminal one line that is written over; elsewhere a line every 15 seconds.
build_progress() {
    local line shown=-15
    trap '' INT
    while IFS= read -r line; do
        printf '%s\n' "$line" >&3
        case $line in \[*/*\]*) ;; *) continue ;; esac
        if [ -t 1 ]; then
            printf '\r\033[K   %d s %.100s' "$SECONDS" "$line"
        elif ((SECONDS - shown >= 15)); then
            shown=$SECONDS
            printf '   %d s %.100s\n' "$SECONDS" "$line"
        fi
    done 3>"$1"
    if [ -t 1 ]; then printf '\r\033[K'; fi
}

# In one step, and not at all if it is the same: then what runs need not start again.
install_executable() {
    local built=$root/.build/${CONVEYOR_BUILD:-release}/$1 installed=$local_dir/bin/$1
    cmp -s "$built" "$installed" && return
    install -m 755 "$built" "$installed.new"
    mv "$installed.new" "$installed"
}
