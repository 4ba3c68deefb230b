# shellcheck shell=bash
# The shop that ops/up shows: sample data, one order that is bought and paid like any other, and where to look. Sourced, never run.

sample_shop() {
    if [ -f "$postgres_dir/sample" ]; then return; fi
    step "sample shop" conveyor sample load
    step "one order" "$root/ops/lib/sample-order" "$local_dir/env" "$local_dir/mail" "$sample_user" <<<"$sample_password"
    touch "$postgres_dir/sample"
}

show_addresses() {
    open_settings "$local_dir/env"
    cat <<TEXT

shop API     http://127.0.0.1:${setting[PORT]}/docs
console      http://127.0.0.1:${setting[CONSOLE_PORT]}/   signed in with CONSOLE_TOKEN of .local/env
RabbitMQ     http://127.0.0.1:$(rabbitmq_port MANAGEMENT_PORT)/   user and password in RABBITMQ_API of .local/env
e-mails      .local/mail/
TEXT
}
