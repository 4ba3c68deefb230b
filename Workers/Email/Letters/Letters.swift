import FoundationEssentials
import Kit
import Postgres
import Shop
import Transfer

/// What each e-mail says, read from the database at the moment of writing: events carry ids only.
struct Letters: Sendable {
    let pool: PostgresPool
    let shopURL: String
    let secretKey: String
    let admin: Mailbox?

    /// - Throws: `SettingError` for what is missing or wrong.
    init(settings: Settings, pool: PostgresPool) throws {
        self.pool = pool
        self.shopURL = try settings.require("SHOP_URL")
        self.secretKey = try settings.signingKeys()[0]
        do {
            self.admin = try settings.string("ADMIN_EMAIL").map { try Mailbox(parsing: $0) }
        } catch let error as MailError {
            throw SettingError(name: "ADMIN_EMAIL", reason: "is no address: \(error)")
        }
    }

    private static let user: Statement = "select email, full_name from users where id = $1 and erased_at is null"

    /// `email.send`: a template by name. A password reset's link is made here, so that no message holds its token.
    func asked(_ command: SendEmail) async throws -> Letter {
        var values: [String: any Sendable] = command.data
        if let reset = command.data["reset_id"].flatMap({ ID($0) }) {
            values["url"] = "\(self.shopURL)/reset-password?token=\(ResetToken.make(reset, key: self.secretKey))"
        }
        values["shop_url"] = self.shopURL
        return Letter(kind: command.template, subject: command.subject, to: try Self.mailbox(command.to, command.data["name"]), values: values)
    }

    /// A new account.
    func welcome(_ event: AccountRegistered) async throws -> Letter? {
        guard let (email, name) = try await self.pool.query(Self.user, event.userID).decode((String, String?).self).first else { return nil }
        return Letter(
            kind: "welcome", subject: event.userID.description, to: try Self.mailbox(email, name),
            values: ["name": name ?? "", "shop_url": self.shopURL])
    }

    /// To the shop's staff: a product's stock has fallen to its threshold.
    func stockLow(_ event: StockLow) async throws -> Letter? {
        guard let admin else { return nil }
        let product = try await self.pool.query("select sku, name from products where id = $1", event.productID).decode((String, String).self).first
        return Letter(
            kind: "stock_low", subject: "\(event.productID)/\(event.crossing)", to: admin,
            values: [
                "sku": product?.0 ?? "", "product": product?.1 ?? event.productID.description, "stock_quantity": String(event.stockQuantity),
                "threshold": String(event.threshold), "shop_url": self.shopURL,
            ])
    }

    static func mailbox(_ address: String, _ name: String?) throws -> Mailbox {
        do {
            return try Mailbox(address, name: name)
        } catch {
            throw Poison(.invalidPayload, "the recipient is no address: \(error)")
        }
    }
}
