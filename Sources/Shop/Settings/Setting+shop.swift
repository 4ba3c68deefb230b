public import Conveyor

extension Setting.Readers {
    /// The workers of `accounts`, `inventory` and `orders`.
    public static let plainWorkers = Self(worker: 0)
    /// The worker of `payments`.
    public static let payments = Self(worker: 1)
    /// The worker of `email`.
    public static let email = Self(worker: 2)
    /// The HTTP server.
    public static let ingress = Self(other: 0)
}

extension Setting {
    /// The shop's settings: name, who reads it, default, meaning.
    public static let shop: [Setting] = [
        .init(
            "DATABASE_READ_URL", [.ingress, .operator], secret: true,
            "a replica to search the catalogue in; it may lag behind DATABASE_URL, where all else is read"),

        // Where things are and how a part runs, beside the machinery's
        .init(
            "LOG_SAMPLE", [.ingress, .workers], default: "50", "lines a second about what went well, a request or a message each; 0 is all of them"),

        // The HTTP server
        .init("PORT", .ingress, default: "8080", "port to listen on"),
        .init("TLS_CERT", [.ingress, .operator], "file of the certificate chain in PEM; with TLS_KEY turns on HTTPS and HTTP/2"),
        .init("TLS_KEY", [.ingress, .operator], "file of the certificate's private key in PEM"),
        .init(
            "KEEP_ALIVE_SECONDS", .ingress, default: "75",
            "seconds that a connection without a request stays open; more than the proxies in front keep theirs"),
        .init("BACKEND_CORS_ORIGINS", .ingress, default: "[]", "origins that browsers may call from, a JSON list"),
        .init("TRUSTED_PROXIES", .ingress, "addresses or networks, comma-separated, whose X-Forwarded-For is believed"),
        .init("RATE_LIMIT", .ingress, default: "on", "on or off; off, a client may also have ten times as much at a time"),
        .init("RATE_LIMIT_AUTH", .ingress, default: "60/60", "<n>/<seconds> on the auth endpoints, by client; wrong passwords by account as well"),
        .init("RATE_LIMIT_WRITES", .ingress, default: "1200/60", "<n>/<seconds> on all other writes, by client"),
        .init("RATE_LIMIT_READS", .ingress, default: "3000/60", "<n>/<seconds> on reads, by client"),

        .init(
            "QUEUE_LIMIT", [.ingress, .operator], default: "1000000",
            "messages that wait in a queue at which writes for it are refused with 503 queue_full"),

        // Tokens
        .init("SECRET_KEY", .all, secret: true, "signs tokens and operation ids; at least 32 bytes"),
        .init("SECRET_KEY_PREVIOUS", .all, secret: true, "keys that are still accepted, comma-separated"),
        .init("ALGORITHM", [.ingress, .operator], default: "HS256", "of the tokens' signature: HS256"),
        .init("ACCESS_TOKEN_EXPIRE_MINUTES", [.ingress, .operator], default: "30", "life of an access token"),
        .init("REFRESH_TOKEN_EXPIRE_DAYS", [.ingress, .operator], default: "30", "life of a refresh token"),

        // Stripe
        .init("STRIPE_SECRET_KEY", [.payments, .operator], secret: true, "sk_… or rk_…, of Stripe's API"),
        .init("STRIPE_PUBLISHABLE_KEY", [.payments, .ingress, .operator], "pk_…, handed to the frontend with a client secret"),
        .init("STRIPE_WEBHOOK_SECRET", .ingress, secret: true, "whsec_…, comma-separated; a signature by any of them is accepted"),
        .init("STRIPE_API_BASE", [.payments, .operator], default: "https://api.stripe.com", "where Stripe's API is"),
        .init("STRIPE_BACKFILL_SECONDS", .payments, default: "300", "seconds between two looks for events that the webhook has missed"),

        // E-mail
        .init("SMTP_HOST", .email, "the mail server"),
        .init("SMTP_PORT", .email, "its port"),
        .init("SMTP_TLS", .email, default: "starttls", "starttls, implicit or none"),
        .init("EMAIL_USERNAME", .email, "user at the mail server; no login if it is not set"),
        .init("EMAIL_PASSWORD", .email, secret: true, "password at the mail server"),
        .init("EMAIL_FROM", [.email, .operator], "sender of all e-mails: an address, or Name <address>"),
        .init("ADMIN_EMAIL", .email, "who gets the alerts, e.g. of low stock"),
        .init("SHOP_URL", [.email, .operator], default: "http://127.0.0.1:8080", "the frontend's address, for links in e-mails"),

        // Text messages
        .init("SMS_ACCOUNT_SID", .email, "account at Twilio, or at a service with its API; no text messages if it is not set"),
        .init("SMS_AUTH_TOKEN", .email, secret: true, "the account's token"),
        .init("SMS_FROM", .email, "sender of text messages: a number, +15550006789, or a messaging service's id, MG…"),
        .init("SMS_API_BASE", .email, default: "https://api.twilio.com", "where that API is"),

        // Web push
        .init(
            "VAPID_PRIVATE_KEY", [.ingress, .email], secret: true,
            "the shop's keys at push services (RFC 8292), base64url of 32 bytes, comma-separated: the first is for new subscriptions; no web push if it is not set"
        ),
        .init("VAPID_SUBJECT", [.ingress, .email], "who push services write to: mailto:… or https://…; needed with VAPID_PRIVATE_KEY"),
        .init(
            "WEBHOOKS_ALLOW_PRIVATE", [.ingress, .workers], default: "off",
            "on or off; on, webhooks and web push may also go to http and to private addresses"),

        // The shop
        .init("PAYMENT_WINDOW_MINUTES", .plainWorkers, default: "30", "time to pay before an order expires; may be a fraction"),
        .init("LOW_STOCK_THRESHOLD", .plainWorkers, default: "5", "units at which an alert is sent, of products without one of their own"),
        .init("CURRENCY", [.ingress, .plainWorkers, .operator], default: "usd", "ISO 4217, lower case, of products that do not say"),

        // The operator
        .init("CONVEYOR_OPERATOR", .operator, "who acts, in the audit log; whoever is signed in if it is not set"),
        .init("CONSOLE_PORT", .operator, default: "8081", "port of the console on HOST"),
        .init("CONSOLE_TOKEN", .operator, secret: true, "an emergency entrance to the console, as an admin; none if it is not set"),
        .init("CONSOLE_URL", .operator, "where browsers find the console, for links; http://HOST:CONSOLE_PORT if it is not set"),
        .init("CONSOLE_SESSION_HOURS", .operator, default: "12", "hours after which a session at the console ends, 12 at most; may be a fraction"),
        .init("CONSOLE_IDLE_MINUTES", .operator, default: "30", "minutes without use after which a session at the console ends; may be a fraction"),
        .init("OIDC_ISSUER", .operator, "an OpenID Connect provider whose accounts may sign in at the console; none if it is not set"),
        .init("OIDC_CLIENT_ID", .operator, "the console's client id there; its redirect URI is CONSOLE_URL/login/oidc/callback"),
        .init("OIDC_CLIENT_SECRET", .operator, secret: true, "the console's client secret there"),
        .init("OIDC_ROLE_CLAIM", .operator, default: "roles", "the ID token's claim, a text or a list, that names viewer, operator or admin"),
        .init(
            "NOTIFY_URL", .operator, secret: true,
            "where the recorder says that there is a new group of dead letters, or that one has doubled; nowhere if it is not set"),
        .init("NOTIFY_SECRET", .operator, secret: true, "signs what it says, as Standard Webhooks do: whsec_…; unsigned if it is not set"),
        .init("NOTIFY_FORMAT", .operator, default: "json", "json, or slack: a text as Slack's incoming webhooks take it"),
        .init(
            "RABBITMQCTL", .operator,
            "rabbitmqctl for the broker's node: looks at waiting messages in their queues; the books are asked if it is not set"),
        .init("INBOX_RETENTION_DAYS", .operator, default: "14", "days that handled messages, failed attempts and calls are kept"),
    ]
}
