import FoundationEssentials

/// Where webhooks go: `http://host:port/path`.
struct WebhookURL: Sendable, Equatable {
    let host: String
    let port: Int
    /// Path and query.
    let target: String

    init?(_ text: String) {
        guard let url = URL(string: text), url.scheme == "http", let host = url.host(), !host.isEmpty else { return nil }
        self.host = host
        self.port = url.port ?? 80
        let path = url.path(percentEncoded: true)
        self.target = (path.isEmpty ? "/" : path) + (url.query(percentEncoded: true).map { "?" + $0 } ?? "")
    }
}
