import ArgumentParser
import Glibc

/// A double of Stripe for development and tests: its protocol, its test cards, its webhooks, and faults on demand.
@main
struct StripeDouble: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stripe-double",
        abstract: "A double of Stripe for development and tests. No card is charged.",
        discussion: """
            Secrets come from the environment or from --env-file: STRIPE_SECRET_KEY, STRIPE_PUBLISHABLE_KEY, STRIPE_WEBHOOK_SECRET (several, \
            comma-separated, all sign). The environment wins over the file, a flag over both. Faults and everything else that Stripe's protocol \
            does not have: /_double.
            """,
        version: "stripe-double 1.0.0 (\(StripeVersion.current))")

    @Option(help: "Address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "Port to listen on; 0 takes a free one and prints it.")
    var port = 12111

    @Option(help: ArgumentHelp("Secret key. Prefer STRIPE_SECRET_KEY: all users of the machine see arguments.", valueName: "sk_test_…"))
    var secretKey: String?

    @Option(help: ArgumentHelp("Publishable key, for browsers.", valueName: "pk_test_…"))
    var publishableKey: String?

    @Option(help: "Where events are sent.")
    var webhookURL: String?

    @Option(help: ArgumentHelp("Webhook secrets, comma-separated. Prefer STRIPE_WEBHOOK_SECRET.", valueName: "whsec_…"))
    var webhookSecret: String?

    @Option(help: "File that keeps the state across restarts; without it the state is lost.")
    var state: String?

    @Option(help: "File of settings, one NAME=value per line.")
    var envFile: String?

    @Option(help: "Seconds until a bank transfer settles, a pending refund ends, or a dispute comes in.")
    var settleAfter = 3.0

    @Option(help: "Seconds before a webhook's second attempt; doubled for each further one.")
    var webhookRetryBase = 1.0

    @Option(help: "Longest time between attempts of a webhook, in seconds.")
    var webhookRetryCap = 60.0

    @Option(help: "Log level: debug, info, warning, error.")
    var logLevel: String?

    mutating func run() async throws {
        do {
            let settings = try Settings(self)
            try await serve(settings)
        } catch let error as Settings.Invalid {
            throw Self.exit(78, error.description)
        } catch let error as Journal.Unreadable {
            throw Self.exit(65, error.description)
        } catch let error as AppendOnlyFile.Failure {
            throw Self.exit(74, error.description)
        }
    }

    /// A line on standard error, and the exit code of sysexits.h.
    private static func exit(_ code: Int32, _ message: String) -> ExitCode {
        let line = Array("stripe-double: \(message)\n".utf8)
        write(STDERR_FILENO, line, line.count)
        return ExitCode(code)
    }
}
