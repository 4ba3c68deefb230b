public import Conveyor

extension Settings {
    /// `QUEUE_LIMIT`, in messages.
    /// - Throws: if it is not an integer of at least 1.
    public func queueLimit() throws(SettingError) -> Int { try self.int("QUEUE_LIMIT", in: 1...1_000_000_000) }

    /// `CURRENCY`.
    /// - Throws: if Stripe does not support it, or it is not in lower case.
    public func currency() throws(SettingError) -> String {
        let text = try self.require("CURRENCY")
        guard Currency(text) != nil else {
            throw SettingError(name: "CURRENCY", reason: "must be a currency that Stripe supports, in lower case, e.g. usd")
        }
        return text
    }

    /// The key for signing, then the previous keys that are still accepted.
    /// - Throws: if `SECRET_KEY` is not set. (Its length was checked when the settings were loaded.)
    public func signingKeys() throws(SettingError) -> [String] { [try self.require("SECRET_KEY")] + self.list("SECRET_KEY_PREVIOUS") }

    /// Refuses keys of less than 32 bytes; in production also guessable secrets, connections to other machines without verified TLS, and an API
    /// without rate limits.
    func checkShop() throws(SettingError) {
        for setting: Setting in ["SECRET_KEY", "SECRET_KEY_PREVIOUS"] where self.list(setting).contains(where: { $0.utf8.count < 32 }) {
            throw SettingError(name: setting.name, reason: "must have at least 32 bytes")
        }
        _ = try self.vapidKeys()
        guard try self.environment() == .production else { return }
        // The shop's operator creates these, so they can be required to be long and random.
        for setting: Setting in ["SECRET_KEY", "SECRET_KEY_PREVIOUS"] where self.list(setting).contains(where: Self.isGuessable) {
            throw SettingError(name: setting.name, reason: "must be random in production, e.g. from openssl rand -hex 32")
        }
        // Stripe creates these, and makes them longer.
        for setting: Setting in ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"] where self.list(setting).contains(where: { $0.utf8.count < 16 }) {
            throw SettingError(name: setting.name, reason: "must have at least 16 bytes in production: Stripe's dashboard shows it")
        }
        for setting: Setting in ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "EMAIL_PASSWORD"]
        where self.list(setting).contains(where: Self.isDefault) {
            throw SettingError(name: setting.name, reason: "must not be a default in production")
        }
        try self.refuseWeakPasswords(of: ["DATABASE_READ_URL"])
        if self.isSet("DATABASE_READ_URL") { _ = try self.databaseURL("DATABASE_READ_URL") }
        try self.refusePlaintext(of: ["STRIPE_API_BASE", "SMS_API_BASE"])
        if let host = self.string("SMTP_HOST") {
            let isPlain = try self.oneOf("SMTP_TLS", values: ["starttls", "implicit", "none"]) == "none"
            try self.requireTLS("SMTP_TLS", to: [host], isVerified: !isPlain, "must be starttls or implicit")
        }
        guard try self.bool("RATE_LIMIT") else {
            throw SettingError(name: "RATE_LIMIT", reason: "must be on in production: set higher limits instead")
        }
    }
}
