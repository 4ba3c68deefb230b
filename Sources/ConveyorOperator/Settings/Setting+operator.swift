import Conveyor

extension Setting {
    /// The settings of the command line, the console and the recorder: name, readers, default, meaning.
    static let operation: [Setting] = [
        .init("TLS_CERT", .operator, "file of the certificate chain in PEM; with TLS_KEY the console speaks HTTPS"),
        .init("TLS_KEY", .operator, "file of the private key in PEM"),
        .init("QUEUE_LIMIT", .operator, default: "1000000", "waiting messages per queue that are too many"),
        .init("CONVEYOR_OPERATOR", .operator, "operator's name in the audit log; the login name if it is not set"),
        .init("CONSOLE_PORT", .operator, default: "8081", "port of the console on HOST"),
        .init("CONSOLE_TOKEN", .operator, secret: true, "emergency token to sign in to the console as an admin; none if it is not set"),
        .init("CONSOLE_URL", .operator, "the console's URL in links; http://HOST:CONSOLE_PORT if it is not set"),
        .init("CONSOLE_SESSION_HOURS", .operator, default: "12", "hours after which a console session ends, at most 12; may be a fraction"),
        .init("CONSOLE_IDLE_MINUTES", .operator, default: "30", "idle minutes after which a console session ends; may be a fraction"),
        .init("OIDC_ISSUER", .operator, "OpenID Connect provider for signing in to the console; none if it is not set"),
        .init("OIDC_CLIENT_ID", .operator, "the console's client id there; its redirect URI is CONSOLE_URL/login/oidc/callback"),
        .init("OIDC_CLIENT_SECRET", .operator, secret: true, "the console's client secret there"),
        .init("OIDC_ROLE_CLAIM", .operator, default: "roles", "the ID token's claim, a text or a list, that names viewer, operator or admin"),
        .init(
            "NOTIFY_URL", .operator, secret: true,
            "URL that the recorder notifies of a new group of dead letters, or one that has doubled; none if it is not set"),
        .init(
            "NOTIFY_SECRET", .operator, secret: true,
            "key for signing these notifications by Standard Webhooks: whsec_…; unsigned if it is not set"),
        .init("NOTIFY_FORMAT", .operator, default: "json", "json, or slack for Slack's incoming webhooks"),
        .init(
            "RABBITMQCTL", .operator,
            "command of rabbitmqctl on the broker's node, to read waiting messages from the queues; from the database if it is not set"),
        .init("INBOX_RETENTION_DAYS", .operator, default: "14", "days to keep handled messages, failed attempts and calls"),
    ]
}

extension ConveyorApplication {
    /// The application with the operator's settings beside its own.
    var operated: ConveyorApplication {
        var application = self
        let own = Set(self.settings.map(\.name))
        application.settings += Setting.operation.filter { !own.contains($0.name) }
        application.checkSettings = { [checkSettings = self.checkSettings] settings throws(SettingError) in
            try checkSettings(settings)
            try settings.checkConsole()
        }
        return application
    }
}

extension Settings {
    /// `QUEUE_LIMIT`, in messages.
    /// - Throws: if it is not an integer of at least 1.
    func depthLimit() throws(SettingError) -> Int { try self.int("QUEUE_LIMIT", in: 1...1_000_000_000) }

    /// Refuses a guessable token in production.
    func checkConsole() throws(SettingError) {
        guard try self.environment() == .production else { return }
        if let token = self.string("CONSOLE_TOKEN"), token.utf8.count < 16 || Self.isGuessable(token) {
            throw SettingError(name: "CONSOLE_TOKEN", reason: "must be random, of at least 16 bytes, in production, e.g. from openssl rand -hex 16")
        }
    }
}
