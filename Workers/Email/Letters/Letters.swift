import Conveyor
import FoundationEssentials
import MailTemplates
import Postgres
import Shop
import Transfer

/// Composes each notification from the database at the time of writing: events contain only ids.
struct Letters: Sendable {
    let pool: PostgresPool
    let shopURL: String
    /// The staff's address; nil without `ADMIN_EMAIL`.
    let admin: Mailbox?
    private let secretKey: String

    /// - Throws: `SettingError` for a missing or wrong setting.
    init(settings: Settings, pool: PostgresPool) throws {
        self.pool = pool
        self.shopURL = try settings.webAddress("SHOP_URL")
        self.secretKey = try settings.signingKeys()[0]
        self.admin = settings.string("ADMIN_EMAIL") == nil ? nil : try Mailbox(setting: "ADMIN_EMAIL", of: settings)
    }

    /// Greets by name only at a verified address: otherwise a stranger could use the name to send text to anyone.
    private static let user: Statement = "select email, case when email_verified then full_name end from users where id = $1 and erased_at is null"

    /// `email.send`: a template by name. A password reset's link is made here, so that no message contains its token.
    func asked(_ command: SendEmail) async throws -> [Notice] {
        // The person was erased, before or after the message was written.
        guard !command.to.isEmpty else { return [] }
        if let userID = command.userID, try await self.pool.query(Self.user, userID).isEmpty { return [] }
        guard let template = MailTemplate(rawValue: command.template) else {
            let names = MailTemplate.allCases.map(\.rawValue).joined(separator: ", ")
            throw Poison(.invalidPayload, "template is \(command.template), must be one of \(names)")
        }
        var values: MailValues = ["url": self.shopURL]
        for (name, value) in command.data where !value.isEmpty { values[name] = value }
        if let reset = command.data["reset_id"].flatMap({ ID($0) }) {
            values["url"] = "\(self.shopURL)/reset-password?token=\(ResetToken.make(reset, key: self.secretKey))"
        }
        return [
            Notice(
                template: template, subject: command.subject, recipient: .mailbox(try Self.mailbox(command.to, command.data["name"])),
                userID: command.userID, values: values)
        ]
    }

    /// A new account.
    func welcome(_ event: AccountRegistered) async throws -> [Notice] {
        guard let (email, name) = try await self.pool.query(Self.user, event.userID).decode((String, String?).self).first else { return [] }
        var values: MailValues = ["url": self.shopURL]
        values["name"] = name
        return [
            Notice(
                template: .welcome, subject: event.userID.description, recipient: .mailbox(try Self.mailbox(email, name)), userID: event.userID,
                values: values)
        ]
    }

    /// A customer's mailbox. Characters that a header must not contain are removed from the name.
    static func mailbox(_ address: String, _ name: String?) throws -> Mailbox {
        let name = name?.split { $0.isWhitespace || $0.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F } }.joined(separator: " ")
        do throws(MailError) {
            return try Mailbox(address, name: name?.isEmpty == false ? name : nil)
        } catch {
            throw Poison(.invalidPayload, "to must be an e-mail address: \(error)")
        }
    }
}
