public import Conveyor

extension Setting.Readers {
    /// The workers `accounts`, `inventory` and `orders`.
    public static let plainWorkers = Self(worker: 0)
    /// The worker `payments`.
    public static let payments = Self(worker: 1)
    /// The worker `email`.
    public static let email = Self(worker: 2)
    /// The worker `webhooks`.
    public static let webhooks = Self(worker: 3)
    /// Any other worker: it reads the settings of all workers.
    public static let otherWorkers = Self(worker: 15)
    /// The HTTP server.
    public static let ingress = Self(other: 0)
}

extension Setting {
    /// The shop's settings: name, readers, default, meaning.
    public static let shop: [Setting] = [
        .init(
            "DATABASE_READ_URL", [.ingress, .operator], secret: true,
            "a read replica for searches of the catalogue, which may lag behind; all other reads use DATABASE_URL"),

        // Addresses and runtime, beside Conveyor's own settings
        .init(
            "LOG_SAMPLE", [.ingress, .workers], default: "50", "log lines per second for successful requests and messages; 0 logs all of them"),

        // The HTTP server
        .init("PORT", .ingress, default: "8080", "port to listen on"),
        .init("TLS_CERT", [.ingress, .operator], "file of the certificate chain in PEM; with TLS_KEY turns on HTTPS and HTTP/2"),
        .init("TLS_KEY", [.ingress, .operator], "file of the private key in PEM"),
        .init(
            "KEEP_ALIVE_SECONDS", .ingress, default: "75",
            "seconds after which an idle connection is closed; more than in the proxies in front"),
        .init("BACKEND_CORS_ORIGINS", .ingress, default: "[]", "origins that browsers may call from, a JSON list"),
        .init("TRUSTED_PROXIES", .ingress, "addresses or networks of proxies whose X-Forwarded-For is trusted, comma-separated"),
        .init("RATE_LIMIT", .ingress, default: "on", "on or off; if off, a client may also have ten times as many connections and open requests"),
        .init(
            "RATE_LIMIT_AUTH", .ingress, default: "60/60",
            "<n>/<seconds> per client on the auth endpoints; also limits wrong passwords per account"),
        .init("RATE_LIMIT_WRITES", .ingress, default: "1200/60", "<n>/<seconds> per client on all other writes"),
        .init("RATE_LIMIT_READS", .ingress, default: "3000/60", "<n>/<seconds> per client on reads"),

        .init(
            "QUEUE_LIMIT", [.ingress, .operator], default: "1000000",
            "waiting messages per queue, above which its writes are refused with 503 queue_full"),

        // Tokens
        .init("SECRET_KEY", .all, secret: true, "signs tokens and operation ids; at least 32 bytes"),
        .init("SECRET_KEY_PREVIOUS", .all, secret: true, "previous keys that are still accepted, comma-separated"),
        .init("ALGORITHM", [.ingress, .operator], default: "HS256", "signature algorithm of the tokens: HS256"),
        .init("ACCESS_TOKEN_EXPIRE_MINUTES", [.ingress, .operator], default: "30", "minutes until an access token expires"),
        .init("REFRESH_TOKEN_EXPIRE_DAYS", [.ingress, .operator], default: "30", "days until a refresh token expires"),

        // Stripe
        .init("STRIPE_SECRET_KEY", [.payments, .operator], secret: true, "sk_… or rk_…, the key for Stripe's API"),
        .init("STRIPE_PUBLISHABLE_KEY", [.payments, .ingress, .operator], "pk_…, which the frontend receives with a client secret"),
        .init("STRIPE_WEBHOOK_SECRET", .ingress, secret: true, "whsec_…, comma-separated; a signature with any of them is accepted"),
        .init("STRIPE_API_BASE", [.payments, .operator], default: "https://api.stripe.com", "Stripe's API URL"),
        .init("STRIPE_BACKFILL_SECONDS", .payments, default: "300", "seconds between two searches for events that the webhook missed"),

        // E-mail
        .init("SMTP_HOST", .email, "the mail server"),
        .init("SMTP_PORT", .email, "its port"),
        .init("SMTP_TLS", .email, default: "starttls", "starttls, implicit or none"),
        .init("EMAIL_USERNAME", .email, "user at the mail server; no login if it is not set"),
        .init("EMAIL_PASSWORD", .email, secret: true, "password at the mail server"),
        .init("EMAIL_FROM", [.email, .operator], "sender of all e-mails: an address, or Name <address>"),
        .init("ADMIN_EMAIL", [.email, .webhooks], "recipient of alerts, such as low stock"),
        .init("SHOP_URL", [.email, .operator], default: "http://127.0.0.1:8080", "the frontend's address, for links in e-mails"),

        // Text messages
        .init("SMS_ACCOUNT_SID", .email, "account at Twilio, or at a service with its API; no text messages if it is not set"),
        .init("SMS_AUTH_TOKEN", .email, secret: true, "the account's token"),
        .init("SMS_FROM", .email, "sender of text messages: a number, +15550006789, or a messaging service's id, MG…"),
        .init("SMS_API_BASE", .email, default: "https://api.twilio.com", "URL of that API"),

        // Web push
        .init(
            "VAPID_PRIVATE_KEY", [.ingress, .email], secret: true,
            "the shop's keys at push services (RFC 8292), base64url of 32 bytes, comma-separated: the first is for new subscriptions; no web push if it is not set"
        ),
        .init("VAPID_SUBJECT", [.ingress, .email], "the shop's contact for push services: mailto:… or https://…; required with VAPID_PRIVATE_KEY"),
        .init(
            "WEBHOOKS_ALLOW_PRIVATE", [.ingress, .workers], default: "off",
            "on or off; if on, webhooks and web push may also use http and private addresses"),

        // Webhooks
        .init(
            "WEBHOOKS_RETRY_HOURS", .webhooks, default: "24", "hours after an event until its delivery fails; may be a fraction"),
        .init(
            "WEBHOOKS_OFF_AFTER_DAYS", .webhooks, default: "5",
            "days of failures alone after which an endpoint is switched off; may be a fraction"),

        // The shop
        .init("PAYMENT_WINDOW_MINUTES", .plainWorkers, default: "30", "minutes to pay before an order expires; may be a fraction"),
        .init("LOW_STOCK_THRESHOLD", .plainWorkers, default: "5", "stock at which an alert is sent, for products without their own threshold"),
        .init("CURRENCY", [.ingress, .plainWorkers, .webhooks, .operator], default: "usd", "default currency of products: ISO 4217, lower case"),
    ]
}
