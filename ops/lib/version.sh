# shellcheck shell=bash
# The version, and the commit of the build. Sourced, never run.

conveyor_version() { sed -n 's/.*static let current = "\(.*\)"/\1/p' "$root"/Sources/*/ConveyorVersion.swift; }

# With the suffix -changed if the sources differ from the commit. Without git, CONVEYOR_COMMIT contains it.
conveyor_commit() {
    local commit
    if ! commit=$(git -C "$root" rev-parse --short=12 HEAD 2>/dev/null); then
        printf '%s' "${CONVEYOR_COMMIT:-unknown}"
        return
    fi
    git -C "$root" diff --quiet HEAD -- Package.swift Package.resolved Sources Workers topology 2>/dev/null || commit+=-changed
    printf '%s' "$commit"
}
