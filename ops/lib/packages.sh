# shellcheck shell=bash
# The Debian packages that Conveyor builds on and runs with, and Swift. Sourced, never run.

packages=(
    rabbitmq-server postgresql-15 postgresql-client-15 runit python3 python3-aiosmtpd openssl curl ca-certificates
    pkg-config librabbitmq-dev libpq-dev libcurl4-openssl-dev libargon2-dev zlib1g-dev
)

# For building the image and the package, and for running them here.
image_packages=(buildah podman runc binutils mmdebstrap)
deb_packages=(dpkg-dev binutils lintian mmdebstrap python3)
trial_packages=(
    postgresql-15 postgresql-client-15 rabbitmq-server python3 python3-aiosmtpd curl ca-certificates librabbitmq4 libpq5 libcurl4 libargon2-1 zlib1g
)

# Only for the tests: ops/lib/python-tests, and the browser that playwright drives.
test_packages=(python3-venv chromium-headless-shell)

missing_packages() {
    local package
    for package in "${packages[@]}"; do
        [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s ' "$package"
    done
}

# Servers in the packages must not start, since Conveyor runs its own, private ones. An existing policy of the machine stays.
install_packages() {
    local policy=/usr/sbin/policy-rc.d ours=''
    if [ ! -e "$policy" ]; then
        ours=$policy
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    # In a subshell, so that the trap applies only here.
    (
        trap '[ -z "$ours" ] || rm -f "$ours"' EXIT
        trap 'exit 130' INT TERM
        export DEBIAN_FRONTEND=noninteractive
        # apt's output is useful only if it fails.
        log=$(apt-get -qq update 2>&1 && apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends "$@" 2>&1) || {
            printf '%s\n' "$log" | tail -n 20 >&2
            die 1 "apt did not install them"
        }
    )
}

need_packages() {
    local missing
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        warn "Debian packages are missing; as root:"
        printf '%s\n' "apt-get update && apt-get install -y --no-install-recommends ${missing% }" >&2
        exit 1
    fi
    # shellcheck disable=SC2086 # a list of names
    step "installing from Debian: ${missing% }" install_packages $missing
}

need_swift() {
    local folder version
    for folder in "" /opt/swift/usr/bin /usr/share/swift/usr/bin "${HOME:-/root}/.local/share/swiftly/bin"; do
        [ -z "$folder" ] || [ ! -x "$folder/swift" ] || PATH=$PATH:$folder
        ! command -v swift >/dev/null || break
    done
    command -v swift >/dev/null || die 1 "Swift 6.2 or later is not on the PATH; see https://www.swift.org/install/linux/debian/12/"
    version=$(swift --version 2>/dev/null)
    if ! [[ $version =~ Swift\ version\ ([0-9]+)\.([0-9]+) ]] || ((BASH_REMATCH[1] * 100 + BASH_REMATCH[2] < 602)); then
        die 1 "Swift 6.2 or later is needed, this is: ${version%%$'\n'*}"
    fi
}
