# shellcheck shell=bash
# Sources the scripts about all services. Sourced, never run.
. "$root/ops/lib/settings.sh"
. "$root/ops/lib/marked.sh"
. "$root/ops/lib/parts.sh"
. "$root/ops/lib/access.sh"
. "$root/ops/lib/postgres.sh"
. "$root/ops/lib/rabbitmq.sh"
. "$root/ops/lib/doubles.sh"
. "$root/ops/lib/supervisor.sh"
