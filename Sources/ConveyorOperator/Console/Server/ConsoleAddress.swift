import Conveyor

/// The console's URL for browsers: `CONSOLE_URL`, or else the address that it listens on.
struct ConsoleAddress: Sendable {
    /// Without a slash at its end.
    let base: String

    init(_ settings: Settings) throws {
        if settings.isSet("CONSOLE_URL") {
            self.base = try settings.webAddress("CONSOLE_URL")
        } else {
            let host = try settings.require("HOST")
            let scheme = settings.isSet("TLS_CERT") ? "https" : "http"
            let name = ["0.0.0.0", "::"].contains(host) ? "127.0.0.1" : host.contains(":") ? "[\(host)]" : host
            self.base = "\(scheme)://\(name):\(try settings.int("CONSOLE_PORT", in: 1...65_535))"
        }
    }

    /// The one-time link with this secret.
    func link(_ secret: String) -> String { "\(self.base)/login/link?token=\(secret)" }
}
