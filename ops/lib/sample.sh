# shellcheck shell=bash
# The sample shop of ops/up: sample data, one order that is bought and paid like any other, and the addresses. Sourced, never run.

# The accounts of `conveyor sample load`. They are public, because they are only for trials; production refuses the sample.
sample_user=user1@example.com
sample_admin=admin@example.com
sample_password='correct horse battery staple'

sample_shop() {
    [ ! -f "$postgres_dir/sample" ] || return 0
    step "sample shop" conveyor sample load
    step "one order" "$root/ops/lib/sample-order" "$local_dir/env" "$local_dir/mail" "$sample_user" <<<"$sample_password"
    touch "$postgres_dir/sample"
}

show_addresses() {
    open_settings "$local_dir/env"
    cat <<TEXT

demo shop    http://127.0.0.1:$(value_in "$local_dir/env.d/demo" PORT)/
shop's API   http://127.0.0.1:${setting[PORT]}/docs
console      http://127.0.0.1:${setting[CONSOLE_PORT]}/   signed in with CONSOLE_TOKEN of $local_dir/env
RabbitMQ     http://127.0.0.1:$(rabbitmq_port MANAGEMENT_PORT)/   user and password in RABBITMQ_API of $local_dir/env
e-mails      ${local_dir}/mail/
sign in as   $sample_user or $sample_admin (superuser), password: $sample_password
TEXT
}
