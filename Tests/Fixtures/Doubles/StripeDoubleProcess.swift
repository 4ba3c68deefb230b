/// A running `stripe-double` on a free port of the loopback, with its own keys.
public final class StripeDoubleProcess: Sendable {
    /// The secret key.
    public static let secretKey = "sk_test_0123456789abcdefghijklmn"
    /// The publishable key.
    public static let publishableKey = "pk_test_0123456789abcdefghijklmn"
    /// The webhook secret.
    public static let webhookSecret = "whsec_0123456789abcdefghijklmnopqrstuv"

    /// For `STRIPE_API_BASE`: `http://127.0.0.1:<port>`.
    public let url: String
    /// The process.
    public let process: ChildProcess

    /// Starts one and waits until it listens.
    ///
    /// - Parameters:
    ///   - port: 0 takes a free one.
    ///   - webhookURL: the receiver of events.
    ///   - webhookSecrets: each of them signs.
    ///   - state: a file that outlives the process.
    ///   - settleAfter: seconds until delayed payments and refunds settle by themselves.
    ///   - arguments: further ones.
    public init(
        port: Int = 0, webhookURL: String? = nil, webhookSecrets: [String] = [StripeDoubleProcess.webhookSecret], state: String? = nil,
        settleAfter: Double = 0.2, arguments: [String] = []
    ) async throws {
        var all = ["--port", String(port), "--settle-after", String(settleAfter), "--webhook-retry-base", "0.1", "--webhook-retry-cap", "1"]
        if let webhookURL { all += ["--webhook-url", webhookURL] }
        if let state { all += ["--state", state] }
        self.process = try ChildProcess(
            Repository.executable("stripe-double"), all + arguments,
            environment: [
                "STRIPE_SECRET_KEY": Self.secretKey, "STRIPE_PUBLISHABLE_KEY": Self.publishableKey,
                "STRIPE_WEBHOOK_SECRET": webhookSecrets.joined(separator: ","), "STRIPE_WEBHOOK_URL": nil,
            ])
        let port = try await self.process.firstLine(matching: #"port=(\d+) .*Listening"#)
        self.url = "http://127.0.0.1:\(port)"
    }

    /// The port it listens on.
    public var port: Int { Int(self.url.split(separator: ":").last ?? "") ?? 0 }

    /// Ends it with SIGTERM.
    @discardableResult
    public func stop() async throws -> ChildProcess.Exit { try await self.process.stop() }
}
