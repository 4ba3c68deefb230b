import Markup

/// A rendered e-mail.
public struct RenderedMail: Sendable, Equatable {
    /// One line.
    public var subject: String
    /// The plain-text form.
    public var text: String
    /// The HTML form.
    public var html: String
}

/// Renders the templates, which are embedded in the executable and parsed once at the start.
public struct MailRenderer: Sendable {
    /// A template that does not parse, or lacks a required part.
    public struct Broken: Error, CustomStringConvertible {
        /// The template and the fault.
        public let description: String
    }

    private let templates: Templates
    private let shop: MailValues

    /// - Parameters:
    ///   - shopName: the shop's public name.
    ///   - shopURL: the shop's address.
    /// - Throws: ``Broken`` for a faulty template, at the start.
    public init(shopName: String, shopURL: String) throws {
        var templates = Templates()
        for (name, text) in TemplateFiles.all {
            do {
                try templates.add(String(decoding: text, as: UTF8.self), named: name, isHTML: name.hasSuffix(".html"))
            } catch {
                throw Broken(description: "\(error)")
            }
        }
        self.templates = templates
        let host = shopURL.split(separator: "/", maxSplits: 2).last ?? ""
        self.shop = ["shop_name": shopName, "shop_url": shopURL, "shop_host": String(host)]
        for template in MailTemplate.allCases { _ = try self.render(template, [:]) }
    }

    /// Renders an e-mail.
    /// - Throws: ``Broken``.
    public func render(_ template: MailTemplate, _ values: MailValues) throws -> RenderedMail {
        let filled = try self.fill("\(template.rawValue).txt", values)
        guard let end = filled.firstIndex(of: "\n"), filled.hasPrefix("Subject: ") else {
            throw Broken(description: "\(template.rawValue).txt does not begin with `Subject: `")
        }
        let subject = Self.line(filled[..<end].dropFirst("Subject: ".count))
        let html = try self.fill("\(template.rawValue).html", values.merging(["subject": subject]) { $1 })
        return RenderedMail(subject: subject, text: Self.paragraphs(filled[end...]), html: html)
    }

    /// Renders a text message, on one line.
    /// - Throws: ``Broken``.
    public func renderTextMessage(_ template: MailTemplate, _ values: MailValues) throws -> String {
        Self.line(try self.fill("\(template.rawValue).sms", values)[...])
    }

    private func fill(_ name: String, _ values: MailValues) throws -> String {
        guard let text = self.templates.render(values.merging(self.shop) { own, _ in own }, in: name) else {
            throw Broken(description: "there is no template \(name)")
        }
        return text
    }

    /// Makes a name or product safe for a header: white space of all kinds, and control characters, become one space.
    private static func line(_ text: Substring) -> String {
        text.split { $0.isWhitespace || $0.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F } }.joined(separator: " ")
    }

    /// Removes the empty lines of omitted sections: at most one stays between paragraphs.
    private static func paragraphs(_ text: Substring) -> String {
        var lines: [Substring] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty, lines.last?.isEmpty ?? true { continue }
            lines.append(line)
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines.joined(separator: "\n") + "\n"
    }
}
