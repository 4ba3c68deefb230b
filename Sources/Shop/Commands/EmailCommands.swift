/// Sends one e-mail from a template.
public struct SendEmail: Command {
    /// `email.send`.
    public static let type = "email.send"

    /// The template's name, which is the e-mail's kind.
    public var template: String
    /// What it is about: with `template` it is unique, so that it is sent once.
    public var subject: String
    /// The recipient's address.
    public var to: String
    /// Values for the template; never a secret.
    public var data: [String: String]

    /// Sends one e-mail from a template.
    public init(template: String, subject: String, to: String, data: [String: String]) {
        self.template = template
        self.subject = subject
        self.to = to
        self.data = data
    }
}
