import ArgumentParser
import Conveyor
import ConveyorOperator
import FoundationEssentials
import MailTemplates

/// `conveyor mail preview`
struct MailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mail", abstract: "Preview the e-mails of the shop.", subcommands: [Preview.self])

    struct Preview: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the e-mails, filled with a sample order.",
            discussion: "Prints the plain text; with --out, writes <template>.html and <template>.txt for a browser.")

        @OptionGroup var options: PartOptions
        @Argument(help: "One of \(MailTemplate.allCases.map(\.rawValue).joined(separator: ", ")); default: all.")
        var template: String?
        @Option(help: ArgumentHelp("Folder for the files.", valueName: "DIR")) var out: String?

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                let templates = try self.templates
                let shopURL = try context.settings.webAddress("SHOP_URL")
                let renderer = try MailRenderer(shopName: Self.shopName(context.settings), shopURL: shopURL)
                for template in templates {
                    let values = MailSample.values(of: template, shopURL: shopURL)
                    let mail = try renderer.render(template, values)
                    let sms = template.hasTextMessage ? try renderer.renderTextMessage(template, values) : nil
                    if let out {
                        try Self.write(mail, template, to: out)
                    } else {
                        print("== \(template.rawValue)\nSubject: \(mail.subject)\n\n\(mail.text)")
                        if let sms { print("== \(template.rawValue), text message\n\(sms)\n") }
                    }
                }
            }
        }

        private var templates: [MailTemplate] {
            get throws {
                guard let name = self.template else { return MailTemplate.allCases }
                guard let template = MailTemplate(rawValue: name) else { throw NothingFound("there is no template \(name)") }
                return [template]
            }
        }

        /// The name in EMAIL_FROM, as the e-mails show it.
        private static func shopName(_ settings: Settings) -> String {
            let from = settings.string("EMAIL_FROM") ?? ""
            let name = from.prefix { $0 != "<" }.filter { $0 != "\"" }
            return from.contains("<") && !name.isEmpty ? String(name).trimmed : "The Shop"
        }

        private static func write(_ mail: RenderedMail, _ template: MailTemplate, to folder: String) throws {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for (suffix, text) in [("html", mail.html), ("txt", "Subject: \(mail.subject)\n\n\(mail.text)")] {
                let path = "\(folder)/\(template.rawValue).\(suffix)"
                try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
                print(path)
            }
        }
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while text.last?.isWhitespace == true { text.removeLast() }
        while text.first?.isWhitespace == true { text.removeFirst() }
        return String(text)
    }
}
