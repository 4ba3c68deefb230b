import Conveyor
import FoundationEssentials
import Logging
import MailTemplates
import Shop
import Tracing
import Transfer

/// Text messages through Twilio's API or a compatible one (twilio.com/docs/messaging/api/message-resource#create-a-message-resource).
struct SMSChannel: Channel {
    let name = "sms"
    let table = "text_messages"

    private let http: HTTPClient
    private let url: String
    private let authorization: String
    private let sender: (name: String, value: String)
    private let renderer: MailRenderer
    private let logger: Logger

    /// nil unless `SMS_ACCOUNT_SID` is set.
    /// - Throws: `SettingError` for a missing or wrong setting.
    init?(settings: Settings, logger: Logger) throws {
        guard let account = settings.string("SMS_ACCOUNT_SID") else { return nil }
        guard account.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) }) else {
            throw SettingError(name: "SMS_ACCOUNT_SID", reason: "must be letters and digits")
        }
        do {
            self.http = try HTTPClient(userAgent: "conveyor/\(ConveyorVersion.current)", caFile: settings.string("TLS_CA_FILE"))
        } catch {
            throw SettingError(name: "TLS_CA_FILE", reason: "cannot be used: \(error)")
        }
        self.url = "\(try settings.webAddress("SMS_API_BASE"))/2010-04-01/Accounts/\(account)/Messages.json"
        self.authorization = "Basic " + Data("\(account):\(try settings.require("SMS_AUTH_TOKEN"))".utf8).base64EncodedString()
        let from = try settings.require("SMS_FROM")
        self.sender = (from.hasPrefix("MG") ? "MessagingServiceSid" : "From", from)
        let mailbox = try Mailbox(setting: "EMAIL_FROM", of: settings)
        self.renderer = try MailRenderer(shopName: mailbox.name ?? mailbox.address, shopURL: settings.webAddress("SHOP_URL"))
        self.logger = logger
    }

    private struct Answer: Decodable {
        /// The message's id.
        var sid: String?
        /// The error code: twilio.com/docs/api/errors
        var code: Int?
        var message: String?
    }

    func deliver(_ notice: Notice) async throws -> Handover {
        guard case .phone(let number) = notice.recipient else { throw Poison(.bug, "a text message to a mailbox") }
        let body = try self.renderer.renderTextMessage(notice.template, notice.values)
        let request = HTTPRequest(
            .post, url: self.url, headers: ["Authorization": self.authorization, "Content-Type": "application/x-www-form-urlencoded"],
            body: FormEncoding.encode([("To", number), self.sender, ("Body", body)]), timeout: .seconds(20))
        let response = try await withSpan("sms \(notice.template.rawValue)", ofKind: .client) { _ in
            do throws(TransferError) {
                return try await self.http.send(request)
            } catch {
                throw error.code == .cancelled ? CancellationError() : Transient("SMS: \(error)") as any Error
            }
        }
        let answer = try? JSON.decode(Answer.self, from: response.body)
        let outcome = "\(response.status)" + (answer?.code.map { " \($0)" } ?? "")
        switch response.status {
        case 200..<300: return Handover(messageID: answer?.sid ?? "", outcome: outcome)
        case 401, 403, 404: throw Misconfigured("SMS_ACCOUNT_SID or SMS_AUTH_TOKEN: \(outcome) \(answer?.message ?? "")")
        case 408, 429, 500...:
            throw Transient("SMS: \(outcome) \(answer?.message ?? "")", retryAfter: response.headers.retryAfter)
        default:
            // The number does not exist, or accepts no text messages: the customer still has the e-mail.
            self.logger.notice("a text message was refused: \(outcome) \(answer?.message ?? "")", metadata: ["subject": "\(notice.subject)"])
            return Handover(messageID: nil, outcome: outcome)
        }
    }
}
