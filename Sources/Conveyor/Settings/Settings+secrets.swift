extension Settings {
    /// Refuses, in production, guessable passwords of broker and database.
    func refuseWeakSecrets() throws(SettingError) {
        try self.refuseWeakPasswords(of: ["DATABASE_URL", "AMQP_URL", "AMQP_URLS", "RABBITMQ_API"])
    }

    /// Refuses, in production, URIs with a default or short password.
    public func refuseWeakPasswords(of settings: [Setting]) throws(SettingError) {
        guard try self.environment() == .production else { return }
        for setting in settings {
            // A list of hosts in a Postgres URI contains commas too, but only its first part then has a password.
            let passwords = self.list(setting).compactMap { ConnectionURL($0)?.password }
            if passwords.contains(where: Self.isDefault) {
                throw SettingError(name: setting.name, reason: "must not have a default password in production")
            }
            // Without a password, a certificate or the operating system authenticates.
            if passwords.contains(where: { 1..<8 ~= $0.utf8.count }) {
                throw SettingError(name: setting.name, reason: "must have a password of at least 8 bytes in production")
            }
        }
    }

    /// Refuses, in production, connections to other machines without verified TLS, whichever process reads their settings.
    func refuseOpenDoors() throws(SettingError) {
        guard try self.environment() == .production else { return }
        if self.isSet("DATABASE_URL") { _ = try self.databaseURL() }
        if self.isSet("AMQP_URLS") || self.isSet("AMQP_URL") { _ = try self.brokerURLs() }
        try self.refusePlaintext(of: ["RABBITMQ_API", "SENTRY_DSN", "OTEL_EXPORTER_OTLP_ENDPOINT"])
    }

    /// Refuses, in production, addresses of other machines that are not https.
    public func refusePlaintext(of settings: [Setting]) throws(SettingError) {
        for setting in settings {
            guard let url = self.string(setting).flatMap({ ConnectionURL($0) }) else { continue }
            try self.requireTLS(setting, to: url.hosts, isVerified: url.scheme == "https", "must be https://")
        }
    }

    /// Whether a text is a common default, example or habitual password.
    public static func isDefault(_ text: String) -> Bool { self.defaults.contains(text.lowercased()) }

    private static let defaults: Set<String> = [
        "admin", "changeme", "change-me", "change_me", "conveyor", "default", "demo", "dev", "example", "guest", "password", "postgres", "rabbitmq",
        "root", "secret", "sk_test", "test", "user", "whsec_test", "12345678", "123456",
    ]

    /// Few different characters, a repeated short pattern, or words of an example: never true for a random text of 16 characters or more.
    public static func isGuessable(_ text: String) -> Bool {
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
