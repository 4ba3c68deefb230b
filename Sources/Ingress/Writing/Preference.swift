import Hummingbird

/// `Prefer: wait=<seconds>` (RFC 7240): how long the client is willing to wait for the operation's end.
struct Preference: Sendable {
    /// At most 30 s.
    static let limit = 30

    let seconds: Int

    /// The preference of a request; nil if there is none or it is malformed, which RFC 7240 tells servers to ignore.
    init?(_ request: Request) {
        for header in request.headers[values: .prefer] {
            for preference in header.split(separator: ",") {
                let token = preference.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1)
                guard token.count == 2, token[0].drop(while: { $0 == " " }).prefix(while: { $0 != " " }).lowercased() == "wait",
                    let seconds = Int(token[1].filter { $0 != " " && $0 != "\"" }), seconds >= 0
                else { continue }
                self.seconds = min(seconds, Self.limit)
                return
            }
        }
        return nil
    }

    /// The value of `Preference-Applied`.
    var applied: String { "wait=\(self.seconds)" }
}
