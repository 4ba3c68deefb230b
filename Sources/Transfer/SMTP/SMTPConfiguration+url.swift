extension SMTPConfiguration {
    /// `smtp://host:port/client`: libcurl takes the server, the kind of TLS and the name for EHLO from it.
    var url: String {
        let host = self.host.contains(":") ? "[\(self.host)]" : self.host
        return "\(self.security == .implicit ? "smtps" : "smtp")://\(host):\(self.port)/\(self.clientName ?? "")"
    }

    /// Refuses values that would change the URL or add a command.
    func validate() throws(TransferError) {
        func isName(_ text: String) -> Bool {
            text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) || "-._:".utf8.contains($0) }
        }
        guard !self.host.isEmpty, isName(self.host) else { throw TransferError(code: .invalidRequest, message: "the mail server's name is none") }
        guard (1...65535).contains(self.port) else { throw TransferError(code: .invalidRequest, message: "the mail server's port is none") }
        guard isName(self.clientName ?? "") else { throw TransferError(code: .invalidRequest, message: "the mail client's name is none") }
        for text in [self.username, self.password] where text?.utf8.contains(where: { $0 < 0x20 }) ?? false {
            throw TransferError(code: .invalidRequest, message: "a control character in the mail server's login")
        }
    }
}
