import FoundationEssentials
import Logging

/// The settings of a run. Flags have priority over the environment, and the environment over the file.
struct Settings: Sendable {
    /// A missing or wrong setting. The text names the setting, never its value.
    struct Invalid: Error, CustomStringConvertible { let description: String }

    let host: String
    let port: Int
    let secretKey: String
    let publishableKey: String?
    let webhook: WebhookMode
    let webhookSecrets: [String]
    /// An additional CA for webhooks over https.
    let caFile: String?
    let statePath: String?
    let settleAfter: Double
    let logLevel: Logger.Level

    init(_ command: StripeDouble, environment: [String: String] = ProcessInfo.processInfo.environment) throws(Invalid) {
        let file = try command.envFile.map { path throws(Invalid) in try EnvironmentFile(path: path).values } ?? [:]
        func value(_ flag: String?, _ name: String) -> String? {
            [flag, environment[name], file[name]].lazy.compactMap { $0 }.first { !$0.isEmpty }
        }
        self.host = command.host
        self.port = command.port
        guard let secretKey = value(command.secretKey, "STRIPE_SECRET_KEY") else { throw Invalid(description: "STRIPE_SECRET_KEY is not set") }
        self.secretKey = secretKey
        self.publishableKey = value(command.publishableKey, "STRIPE_PUBLISHABLE_KEY")
        // A live key must not be stored in a test tool.
        for (name, key) in [("STRIPE_SECRET_KEY", secretKey), ("STRIPE_PUBLISHABLE_KEY", self.publishableKey ?? "")] where key.contains("_live_") {
            throw Invalid(description: "\(name) is a live key: the double takes test keys only")
        }
        self.webhookSecrets = (value(command.webhookSecret, "STRIPE_WEBHOOK_SECRET") ?? "").split { $0 == "," || $0 == " " }.map(String.init)
        let webhookURL = value(command.webhookURL, "STRIPE_WEBHOOK_URL")
        if webhookURL != nil && self.webhookSecrets.isEmpty {
            throw Invalid(description: "STRIPE_WEBHOOK_SECRET is not set, and webhooks are signed")
        }
        if let webhookURL, !WebhookMode.isAddress(webhookURL) { throw Invalid(description: "the webhook URL is not an http or https address") }
        self.webhook = WebhookMode(url: webhookURL, retryBase: max(command.webhookRetryBase, 0.01), retryCap: max(command.webhookRetryCap, 0.01))
        self.caFile = value(nil, "TLS_CA_FILE")
        self.statePath = command.state
        self.settleAfter = max(command.settleAfter, 0)
        guard let logLevel = Logger.Level(rawValue: value(command.logLevel, "LOG_LEVEL") ?? "info") else {
            throw Invalid(description: "LOG_LEVEL is not a level")
        }
        self.logLevel = logLevel
        guard (0...65535).contains(command.port) else { throw Invalid(description: "the port must be from 0 to 65535") }
    }
}
