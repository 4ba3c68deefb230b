import Conveyor
import MailTemplates
import Shop
import Transfer

/// One notification for one person over one channel.
struct Notice: Sendable {
    /// The channel and the address.
    enum Recipient: Sendable {
        case mailbox(Mailbox)
        /// In E.164 form: `+442079460000`.
        case phone(String)

        /// The address in the table.
        var address: String {
            switch self {
            case .mailbox(let mailbox): mailbox.address
            case .phone(let number): number
            }
        }
    }

    /// The content; its name is the notification's kind.
    var template: MailTemplate
    /// The id of the subject: each channel sends a (kind, subject) once.
    var subject: String
    var recipient: Recipient
    /// The recipient's account, so that the record is erased with the person; nil for the staff.
    var userID: ID?
    var values: MailValues

    /// The kind and subject, which identify it.
    var name: String { "\(self.template.rawValue)/\(self.subject)" }
}
