/// The address of a Sentry project and its key (https://develop.sentry.dev/sdk/foundations/transport/authentication/).
///
///     https://<public key>@<host>[:<port>][/<path>]/<project>
struct DSN: Sendable, Equatable {
    /// `https://<host>/<path>/api/<project>/envelope/`
    let url: String
    /// The public key, which cannot read anything.
    let publicKey: String
    /// The secret key, which only old projects have.
    let secretKey: String?

    /// nil if the text is not a DSN.
    init?(_ text: String) {
        guard let colon = text.firstRange(of: "://"), ["http", "https"].contains(text[..<colon.lowerBound].lowercased()),
            let at = text[colon.upperBound...].firstIndex(of: "@"), !text.contains(where: { $0.isWhitespace || $0 == "?" || $0 == "#" })
        else { return nil }
        let keys = text[colon.upperBound..<at].split(separator: ":", omittingEmptySubsequences: false)
        var place = text[text.index(after: at)...]
        while place.last == "/" { place.removeLast() }
        guard let slash = place.lastIndex(of: "/"), slash > place.startIndex, place.first != "/", 1...2 ~= keys.count, !keys[0].isEmpty else {
            return nil
        }
        self.url = "\(text[..<colon.upperBound])\(place[..<slash])/api/\(place[place.index(after: slash)...])/envelope/"
        self.publicKey = String(keys[0])
        self.secretKey = keys.count == 2 ? String(keys[1]) : nil
    }

    /// `SENTRY_DSN`; nil if it is not set.
    /// - Throws: if it is not a DSN.
    init?(_ settings: Settings) throws(SettingError) {
        guard let text = settings.string("SENTRY_DSN") else { return nil }
        guard let dsn = DSN(text) else { throw SettingError(name: "SENTRY_DSN", reason: "must be a DSN, https://<key>@<host>/<project>") }
        self = dsn
    }

    /// The value of `X-Sentry-Auth`.
    var authorization: String {
        "Sentry sentry_version=7, sentry_client=conveyor/\(ConveyorVersion.current), sentry_key=\(self.publicKey)"
            + (self.secretKey.map { ", sentry_secret=\($0)" } ?? "")
    }
}
