import Kit

/// Renders the templates.
struct MailRenderer: Sendable {
    struct Rendered: Sendable {
        var subject: String
        var text: String
        var html: String?
    }

    init() throws {}

    func render(_ template: String, _ values: [String: any Sendable]) throws -> Rendered {
        let lines = values.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        return Rendered(
            subject: template.split(separator: "_").joined(separator: " ") + (values["number"].map { " #\($0)" } ?? ""),
            text: lines.joined(separator: "\n") + "\n", html: nil)
    }
}
