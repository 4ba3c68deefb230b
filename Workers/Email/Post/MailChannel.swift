import Conveyor
import Crypto
import FoundationEssentials
import MailTemplates
import Shop
import Tracing
import Transfer

/// E-mails, through one mail server.
struct MailChannel: Channel {
    let name = "mail"
    let table = "emails"

    private let client: SMTPClient
    private let renderer: MailRenderer
    private let from: Mailbox
    private let domain: String

    /// - Throws: `SettingError` for a missing or wrong setting.
    init(settings: Settings) throws {
        let security = try settings.oneOf("SMTP_TLS", values: ["starttls", "implicit", "none"])
        do {
            self.client = try SMTPClient(
                configuration: SMTPConfiguration(
                    host: settings.require("SMTP_HOST"), port: settings.int("SMTP_PORT", in: 1...65_535),
                    security: security == "none" ? .none : security == "implicit" ? .implicit : .startTLS,
                    username: settings.string("EMAIL_USERNAME"), password: settings.string("EMAIL_PASSWORD"), caFile: settings.string("TLS_CA_FILE"),
                    // Shorter than the message's time limit.
                    timeout: .seconds(45)))
        } catch let error as TransferError {
            throw SettingError(name: error.code == .badCAFile ? "TLS_CA_FILE" : "SMTP_HOST", reason: "cannot be used: \(error)")
        }
        self.from = try Mailbox(setting: "EMAIL_FROM", of: settings)
        self.domain = String(self.from.address.split(separator: "@").last ?? "localhost")
        let shopURL = try settings.webAddress("SHOP_URL")
        self.renderer = try MailRenderer(shopName: self.from.name ?? self.domain, shopURL: shopURL)
    }

    func deliver(_ notice: Notice) async throws -> Handover {
        guard case .mailbox(let to) = notice.recipient else { throw Poison(.bug, "an e-mail to a telephone") }
        let rendered = try self.renderer.render(notice.template, notice.values)
        let messageID = self.messageID(of: notice)
        // Auto-replies must not answer it (RFC 3834).
        var headers = [(name: "Auto-Submitted", value: "auto-generated")]
        if notice.template == .welcome { headers.append(("List-Unsubscribe", "<mailto:\(self.from.address)?subject=unsubscribe>")) }
        let span = startSpan("mail \(notice.template.rawValue)", ofKind: .client)
        span.attributes = ["network.protocol.name": "smtp", "mail.message_id": .string(messageID)]
        defer { span.end() }
        do {
            try await self.client.send(
                Mail(
                    from: self.from, to: [to], subject: rendered.subject, text: rendered.text, html: rendered.html, messageID: messageID,
                    headers: headers))
            return Handover(messageID: messageID, outcome: "250")
        } catch {
            span.setStatus(SpanStatus(code: .error, message: "\(error)"))
            throw Self.sorted(error)
        }
    }

    /// The same for each attempt, so that mail servers and readers recognise a duplicate.
    private func messageID(of notice: Notice) -> String {
        let digest = SHA256.hash(data: Array("\(notice.template.rawValue)\u{0}\(notice.subject)".utf8))
        return "<" + digest.prefix(16).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() + "@\(self.domain)>"
    }

    /// The error for a refusal: wrong settings, never, or later.
    private static func sorted(_ error: SMTPError) -> any Error {
        let reply = error.reply ?? 0
        switch error.code {
        case .cancelled: return CancellationError()
        case .certificateRefused, .tlsNotOffered: return Misconfigured("SMTP_TLS: \(error)")
        case _ where 530...538 ~= reply || error.stage == .login && 500...599 ~= reply:
            return Misconfigured("EMAIL_USERNAME or EMAIL_PASSWORD: \(error)")
        case _ where error.isPermanent: return Poison(.refusedBySMTP, "\(error)")
        default: return Transient("mail server: \(error)")
        }
    }
}
