/// Sends e-mails to one server by libcurl, over connections that are kept open between them.
///
/// All runs on one thread of the client's own; no caller's thread ever blocks.
public final class SMTPClient: Sendable {
    /// A client with no connection yet.
    ///
    /// - Throws: ``TransferError/Code/badCAFile`` if the CA file cannot be read or holds no certificate, ``TransferError/Code/invalidRequest``
    ///   if the host, the client's name or the login cannot be written in a command.
    public init(configuration: SMTPConfiguration) throws(TransferError) {
    }

    /// Sends one e-mail; returns when the server has taken it for every recipient (its 250 after the data).
    ///
    /// One refused recipient refuses the e-mail for all. Cancelling the task ends the transfer at once.
    public func send(_ mail: Mail) async throws(SMTPError) {
        throw SMTPError(stage: .connect, code: .couldNotConnect, message: "not connected")
    }
}
