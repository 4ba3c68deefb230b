# shellcheck shell=bash
# The release build, and the running executables: copies in .local/bin, so that a build does not change the file of a running part.
# Sourced, never run.
. "$root/ops/lib/version.sh"

# CONVEYOR_BUILD=debug builds faster and runs slower: for development.
case ${CONVEYOR_BUILD:-release} in
# Stripped, so that debug information would be made (a fifth of the time) only to be thrown away.
# lld links ten executables in the time that gold needs for two. A sixth of an executable would be names that no library looks up in it
# (--no-export-dynamic) and relocations written out one by one (RELR, which glibc reads from 2.36 on, Debian 12's).
release)
    build_options=(--configuration release --static-swift-stdlib -debug-info-format none -Xswiftc -use-ld=lld)
    for option in -s --no-export-dynamic -z pack-relative-relocs; do build_options+=(-Xlinker "$option"); done
    ;;
debug) build_options=(--configuration debug) ;;
*) die 64 "CONVEYOR_BUILD is release or debug" ;;
esac

# A text that is equal for equal sources, compiler and options.
sources() {
    (
        cd "$root"
        find Package.swift Package.resolved Sources Workers topology -type f -print0 2>/dev/null | sort -z | xargs -0 sha256sum
        printf '%s\n' "${build_options[@]}"
        swift --version 2>/dev/null
    ) | sha256sum | cut -c1-32
}

# is_of DIGEST EXECUTABLE: whether it was built from these sources. The file .EXECUTABLE beside it contains the digest; it must not be older, since a
# manual build does not update it.
is_of() {
    local mark=${2%/*}/.${2##*/}
    [ -x "$2" ] && [ "$(cat "$mark" 2>/dev/null)" = "$1" ] && [ ! "$2" -nt "$mark" ]
}

# build EXECUTABLE…: builds those whose sources have changed, into .local/bin.
build() {
    local digest executable stale=()
    digest=$(sources)
    for executable in "$@"; do is_of "$digest" "$local_dir/bin/$executable" || stale+=("$executable"); done
    if [ "${#stale[@]}" = 0 ]; then
        step_result="as it was"
        return
    fi
    compile "$digest" "${stale[@]}"
    for executable in "${stale[@]}"; do
        install_executable "$executable"
        printf '%s\n' "$digest" >"$local_dir/bin/.$executable"
    done
}

built=$root/.build/${CONVEYOR_BUILD:-release}

# compile DIGEST EXECUTABLE…: compiles those whose sources have changed, in .build, which all instances of one checkout share.
compile() {
    local digest=$1 executable unbuilt=()
    shift
    for executable in "$@"; do is_of "$digest" "$built/$executable" || unbuilt+=("$executable"); done
    if [ "${#unbuilt[@]}" = 0 ]; then
        step_result="built before"
        return
    fi
    # One build of all executables plans only once; for a few, separate builds compile less.
    if [ "${#unbuilt[@]}" -gt 2 ]; then
        run_build
        unbuilt=("${executables[@]}")
    else
        for executable in "${unbuilt[@]}"; do run_build --product "$executable"; done
    fi
    for executable in "${unbuilt[@]}"; do printf '%s\n' "$digest" >"$built/.$executable"; done
}

# The output goes to a file; the terminal shows the progress in one line.
run_build() {
    local log=$local_dir/log/build.log status=0
    # In the background with wait, so that the shell handles signals at once.
    (
        cd "$root"
        umask 022
        # Only the linker reads the commit, so a new commit recompiles nothing.
        [ "${CONVEYOR_BUILD:-release}" != release ] ||
            set -- -Xlinker --package-metadata="{\"name\":\"conveyor\",\"version\":\"$(conveyor_version)\",\"commit\":\"$(conveyor_commit)\"}" "$@"
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

# On a terminal one line that is overwritten; elsewhere a line every 15 seconds. The remaining time is an estimate from the pace so far.
build_progress() {
    local line text shown=-15 began=$SECONDS
    trap '' INT
    while IFS= read -r line; do
        printf '%s\n' "$line" >&3
        [[ $line =~ ^\[([0-9]+)/([0-9]+)\]\ (.*) ]] || continue
        printf -v text '%d s, step %d of %d' "$SECONDS" "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
        if ((BASH_REMATCH[1] > 20 && SECONDS - began > 20)); then
            printf -v text '%s, about %d s left' "$text" $(((SECONDS - began) * (BASH_REMATCH[2] - BASH_REMATCH[1]) / BASH_REMATCH[1]))
        fi
        if [ -t 1 ]; then
            printf '\r\033[K   %s: %.70s' "$text" "${BASH_REMATCH[3]}"
        elif ((SECONDS - shown >= 15)); then
            shown=$SECONDS
            printf '   %s: %.70s\n' "$text" "${BASH_REMATCH[3]}"
        fi
    done 3>"$1"
    if [ -t 1 ]; then printf '\r\033[K'; fi
}

# Replaced atomically, and only if it differs, so that unchanged parts keep running.
install_executable() {
    local installed=$local_dir/bin/$1
    cmp -s "$built/$1" "$installed" && return
    install -m 755 "$built/$1" "$installed.new"
    mv "$installed.new" "$installed"
}
