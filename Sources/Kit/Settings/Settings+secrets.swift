extension Settings {
    /// The key that signs, and the previous ones that are still accepted, in that order.
    /// - Throws: `SECRET_KEY` is not set. (That each is long enough was checked when the settings were loaded.)
    public func signingKeys() throws(SettingError) -> [String] { [try self.require("SECRET_KEY")] + self.list("SECRET_KEY_PREVIOUS") }

    /// Refuses, wherever it is set, a key of less than 32 bytes; in production also every secret that somebody could guess.
    func refuseWeakSecrets() throws(SettingError) {
        for setting: Setting in ["SECRET_KEY", "SECRET_KEY_PREVIOUS"] where self.list(setting).contains(where: { $0.utf8.count < 32 }) {
            throw SettingError(name: setting.name, reason: "must have at least 32 bytes")
        }
        _ = try self.vapidKeys()
        guard try self.environment() == .production else { return }
        // Made by the one who runs the shop, so it can be asked to be long and random.
        for setting: Setting in ["SECRET_KEY", "SECRET_KEY_PREVIOUS"] where self.list(setting).contains(where: Self.isGuessable) {
            throw SettingError(name: setting.name, reason: "must be random in production, e.g. of openssl rand -hex 32")
        }
        if let token = self.string("CONSOLE_TOKEN"), token.utf8.count < 16 || Self.isGuessable(token) {
            throw SettingError(name: "CONSOLE_TOKEN", reason: "must be random and have at least 16 bytes in production, e.g. of openssl rand -hex 16")
        }
        // Made by Stripe, which makes them longer.
        for setting: Setting in ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"] where self.list(setting).contains(where: { $0.utf8.count < 16 }) {
            throw SettingError(name: setting.name, reason: "must have at least 16 bytes in production: Stripe's dashboard shows it")
        }
        for setting: Setting in ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "EMAIL_PASSWORD"]
        where self.list(setting).contains(where: { Self.defaults.contains($0.lowercased()) }) {
            throw SettingError(name: setting.name, reason: "must not be a default in production")
        }
        for setting: Setting in ["DATABASE_URL", "DATABASE_READ_URL", "AMQP_URL", "AMQP_URLS", "RABBITMQ_API"] {
            // A list of hosts in a Postgres URI has commas too, but only the first piece then has a password.
            let passwords = self.list(setting).compactMap { ConnectionURL($0)?.password }
            if passwords.contains(where: { Self.defaults.contains($0.lowercased()) }) {
                throw SettingError(name: setting.name, reason: "must not have a default password in production")
            }
            // Without one it is a certificate or the system that says who is there.
            if passwords.contains(where: { 1..<8 ~= $0.utf8.count }) {
                throw SettingError(name: setting.name, reason: "must have a password of at least 8 bytes in production")
            }
        }
    }

    /// Refuses, in production, what makes everything open to everybody: connections to other machines without verified TLS, whichever part reads their
    /// settings, and an API without rate limits.
    func refuseOpenDoors() throws(SettingError) {
        guard try self.environment() == .production else { return }
        for setting: Setting in ["DATABASE_URL", "DATABASE_READ_URL"] where self.isSet(setting) { _ = try self.databaseURL(setting) }
        if self.isSet("AMQP_URLS") || self.isSet("AMQP_URL") { _ = try self.brokerURLs() }
        for setting: Setting in ["RABBITMQ_API", "STRIPE_API_BASE", "SMS_API_BASE", "SENTRY_DSN", "OTEL_EXPORTER_OTLP_ENDPOINT"] {
            guard let url = self.string(setting).flatMap({ ConnectionURL($0) }) else { continue }
            try self.requireTLS(setting, to: url.hosts, isVerified: url.scheme == "https", "must be https://")
        }
        if let host = self.string("SMTP_HOST") {
            let isPlain = try self.oneOf("SMTP_TLS", values: ["starttls", "implicit", "none"]) == "none"
            try self.requireTLS("SMTP_TLS", to: [host], isVerified: !isPlain, "must be starttls or implicit")
        }
        guard try self.bool("RATE_LIMIT") else {
            throw SettingError(name: "RATE_LIMIT", reason: "must be on in production: set higher limits instead")
        }
    }

    /// Passwords that come with a product, an example or a habit.
    private static let defaults: Set<String> = [
        "admin", "changeme", "change-me", "change_me", "conveyor", "default", "demo", "dev", "example", "guest", "password", "postgres", "rabbitmq",
        "root", "secret", "sk_test", "test", "user", "whsec_test", "12345678", "123456",
    ]

    /// Few different characters, a short pattern again and again, or words of an example: what a random text of 16 or more never is.
    static func isGuessable(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        if Set(bytes).count < 8 { return true }
        if (1...max(1, bytes.count / 2)).contains(where: { period in zip(bytes, bytes.dropFirst(period)).allSatisfy { $0 == $1 } }) { return true }
        let lowercased = text.lowercased()
        return [
            "changeme", "change-me", "change_me", "change this", "default", "development", "example", "insecure", "password", "secret", "your-",
            "0123456789", "abcdefgh",
        ]
        .contains { lowercased.contains($0) }
    }
}
