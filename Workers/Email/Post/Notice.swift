import Conveyor
import MailTemplates
import Shop
import Transfer

/// Something to tell one person, by one way.
struct Notice: Sendable {
    /// By which way, and where.
    enum Recipient: Sendable {
        case mailbox(Mailbox)
        /// As E.164 has it: `+442079460000`.
        case phone(String)

        /// For the record.
        var address: String {
            switch self {
            case .mailbox(let mailbox): mailbox.address
            case .phone(let number): number
            }
        }
    }

    /// What it says; its name is the notice's kind.
    var template: MailTemplate
    /// The id of its subject: each channel sends a (kind, subject) once.
    var subject: String
    var recipient: Recipient
    /// The account that it is for, so that it goes when the person is erased; nil for the shop's staff.
    var userID: ID?
    var values: MailValues

    /// The kind and subject, which tell it from all others.
    var name: String { "\(self.template.rawValue)/\(self.subject)" }
}
