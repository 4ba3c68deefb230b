import Crypto
import FoundationEssentials
import Kit
import Postgres
import Tracing
import Transfer

/// A letter to one recipient.
struct Letter: Sendable {
    /// The template's name, which is the e-mail's kind.
    var kind: String
    /// What it is about, an id: one e-mail a (kind, subject).
    var subject: String
    /// Who gets it.
    var to: Mailbox
    /// Values for the template.
    var values: [String: any Sendable]
}

/// Hands letters to the mail server: each (kind, subject) once, with a `Message-ID` that is the same whenever it is tried.
struct Post: Sendable {
    private let client: SMTPClient
    private let renderer: MailRenderer
    private let pool: PostgresPool
    private let from: Mailbox
    private let domain: String

    /// A letter that the mail server has taken.
    struct Sent: Sendable {
        var kind: String
        var subject: String
        var recipient: String
        var messageID: String
        var at: Date
        var microseconds: Int
    }

    /// - Throws: `SettingError` for what is missing or wrong.
    init(settings: Settings, pool: PostgresPool) throws {
        let security = try settings.oneOf("SMTP_TLS", values: ["starttls", "implicit", "none"])
        do {
            self.client = try SMTPClient(
                configuration: SMTPConfiguration(
                    host: settings.require("SMTP_HOST"), port: settings.int("SMTP_PORT", in: 1...65_535),
                    security: security == "none" ? .none : security == "implicit" ? .implicit : .startTLS,
                    username: settings.string("EMAIL_USERNAME"),
                    password: settings.string("EMAIL_PASSWORD"), caFile: settings.string("TLS_CA_FILE")))
        } catch let error as TransferError {
            throw SettingError(name: "TLS_CA_FILE", reason: "cannot be used: \(error)")
        }
        do {
            self.from = try Mailbox(parsing: settings.require("EMAIL_FROM"))
        } catch let error as MailError {
            throw SettingError(name: "EMAIL_FROM", reason: "is no address: \(error)")
        }
        self.domain = String(self.from.address.split(separator: "@").last ?? "localhost")
        self.renderer = try MailRenderer()
        self.pool = pool
    }

    private static let isSent: Statement = "select exists (select from emails where kind = $1 and subject = $2)"

    /// Sends a letter unless it was sent before.
    /// - Returns: nil if it was.
    /// - Throws: `Transient`, `Poison(.refusedBySMTP)`, `Misconfigured`.
    func send(_ letter: Letter) async throws -> Sent? {
        if try await self.pool.query(Self.isSent, letter.kind, letter.subject).decode(Bool.self).first == true { return nil }
        let rendered = try self.renderer.render(letter.kind, letter.values)
        let digest = SHA256.hash(data: Array("\(letter.kind)\u{0}\(letter.subject)".utf8))
        let messageID = digest.prefix(16).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() + "@" + self.domain
        let at = Date()
        let started = ContinuousClock.now
        let span = startSpan("mail \(letter.kind)", ofKind: .client)
        span.attributes = ["network.protocol.name": "smtp", "mail.message_id": .string(messageID)]
        defer { span.end() }
        do {
            try await self.client.send(
                Mail(
                    from: self.from, to: [letter.to], subject: rendered.subject, text: rendered.text, html: rendered.html, messageID: messageID,
                    date: at))
        } catch {
            span.setStatus(SpanStatus(code: .error, message: "\(error)"))
            if error.stage == .login, let reply = error.reply, 500..<600 ~= reply {
                throw Misconfigured("EMAIL_USERNAME or EMAIL_PASSWORD: \(error)")
            }
            guard error.isRetriable else { throw Poison(.refusedBySMTP, "\(error)") }
            throw Transient("mail server: \(error)")
        }
        let took = (ContinuousClock.now - started).components
        return Sent(
            kind: letter.kind, subject: letter.subject, recipient: letter.to.address, messageID: "<\(messageID)>", at: at,
            microseconds: Int(took.seconds) * 1_000_000 + Int(took.attoseconds / 1_000_000_000_000))
    }
}
