# shellcheck shell=bash
# The substitutes for external services: a mail server that stores every e-mail as a file, the Stripe double, and a frontend. Sourced, never run.

mail_inputs() {
    value_in "$local_dir/env" SMTP_PORT
    cat "$root/ops/mail-sink.py"
}

run_mail() {
    exec /usr/bin/python3 "$root/ops/mail-sink.py" --host 127.0.0.1 --port "$(value_in "$local_dir/env" SMTP_PORT)" --dir "$local_dir/mail"
}

mail_is_ready() { (exec 3<>"/dev/tcp/127.0.0.1/$(value_in "$local_dir/env" SMTP_PORT)") 2>/dev/null; }

stripe_double_inputs() {
    environment_of stripe-double
    printf '%s\n' "${setting[PORT]}" "${setting[STRIPE_SECRET_KEY]}" "${setting[STRIPE_PUBLISHABLE_KEY]}" "${setting[STRIPE_WEBHOOK_SECRET]}"
    webhook_url
    stat -c '%n %i %s %y' "$local_dir/bin/stripe-double"
}

webhook_url() { printf 'http://127.0.0.1:%s/api/v1/webhooks/stripe' "$(value_in "$local_dir/env" PORT)"; }

run_stripe_double() {
    local name
    environment_of stripe-double
    for name in STRIPE_SECRET_KEY STRIPE_PUBLISHABLE_KEY STRIPE_WEBHOOK_SECRET; do export "$name=${setting[$name]}"; done
    exec "$local_dir/bin/stripe-double" --host 127.0.0.1 --port "${setting[PORT]}" --webhook-url "$(webhook_url)" \
        --state "$local_dir/stripe-double.json"
}

stripe_double_is_ready() { (exec 3<>"/dev/tcp/127.0.0.1/$(value_in "$local_dir/env.d/stripe-double" PORT)") 2>/dev/null; }

demo_inputs() {
    value_in "$local_dir/env" PORT
    value_in "$local_dir/env" STRIPE_API_BASE
    value_in "$local_dir/env.d/demo" PORT
    cat "$root/ops/demo/serve"
}

run_demo() {
    exec /usr/bin/python3 "$root/ops/demo/serve" --port "$(value_in "$local_dir/env.d/demo" PORT)" \
        --api "http://127.0.0.1:$(value_in "$local_dir/env" PORT)" --stripe "$(value_in "$local_dir/env" STRIPE_API_BASE)"
}

demo_is_ready() { (exec 3<>"/dev/tcp/127.0.0.1/$(value_in "$local_dir/env.d/demo" PORT)") 2>/dev/null; }
