import CCurl

/// One e-mail on its way, and the state of the SMTP conversation.
final class SMTPExchange: Exchange {
    private let content: [UInt8]
    private var offset = 0
    private var isAllGiven = false

    private var stage = SMTPError.Stage.connect
    private var recipient = -1
    /// The reply to the last command; nil while it is awaited.
    private var reply: (code: Int, words: String)?
    /// libcurl sends QUIT after the outcome is decided, so its reply is ignored.
    private var hasQuit = false

    init(
        _ content: [UInt8], from: String, to: [String], configuration: SMTPConfiguration, trust: TrustStore, onNewConnection: Bool
    ) throws(TransferError) {
        self.content = content
        try super.init(trust: trust, connectTimeout: configuration.connectTimeout, timeout: configuration.timeout)
        try self.easy.set(CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        try self.easy.set(CURLOPT_URL, configuration.url)
        try self.easy.set(CURLOPT_USE_SSL, Int((configuration.security == .startTLS ? CURLUSESSL_ALL : CURLUSESSL_NONE).rawValue))
        try self.easy.set(CURLOPT_USERNAME, configuration.username)
        try self.easy.set(CURLOPT_PASSWORD, configuration.password)
        try self.easy.set(CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN")
        try self.easy.set(CURLOPT_FRESH_CONNECT, onNewConnection)
        // Also limits the wait for a reply to QUIT, during which libcurl blocks the thread.
        try self.easy.set(CURLOPT_SERVER_RESPONSE_TIMEOUT, Int((configuration.timeout / .seconds(1)).rounded(.up)))
        try self.easy.set(CURLOPT_MAIL_FROM, "<\(from)>")
        try self.easy.set(CURLOPT_MAIL_RCPT, list: to.map { "<\($0)>" })
        try self.easy.set(CURLOPT_UPLOAD, true)
        try self.easy.set(CURLOPT_INFILESIZE_LARGE, large: content.count)
        try self.easy.set(CURLOPT_VERBOSE, true)  // reports the commands
    }

    override func give(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        let part = self.content[self.offset...].prefix(buffer.count)
        unsafe buffer.copyBytes(from: part)
        self.offset = part.endIndex
        // With the length, libcurl need not read again to find the end.
        if self.offset == self.content.count {
            self.isAllGiven = true
            self.reply = nil  // the next reply concerns the data, not the 354
        }
        return part.count
    }

    override func note(command: UnsafeRawBufferPointer) {
        let words = unsafe String(decoding: command.prefix(10), as: UTF8.self)
        self.hasQuit = words.hasPrefix("QUIT")
        guard !self.hasQuit else { return }
        self.reply = nil
        if words.hasPrefix("AUTH ") {
            self.stage = .login
        } else if words.hasPrefix("MAIL FROM:") {
            self.stage = .sender
        } else if words.hasPrefix("RCPT TO:") {
            self.stage = .recipient
            self.recipient += 1
        } else if words.hasPrefix("DATA") {
            self.stage = .data
        }
    }

    override func take(header line: UnsafeRawBufferPointer) -> Bool {
        guard !self.hasQuit else { return true }
        let text = unsafe String(decoding: line, as: UTF8.self)
        guard let code = Int(text.prefix(3)) else { return true }
        let words = text.dropFirst(4).filter { !$0.isNewline }
        // A multi-line reply repeats its code (RFC 5321, section 4.2.1).
        if let reply = self.reply, reply.code == code {
            self.reply = (code, reply.words.count > 500 ? reply.words : "\(reply.words) \(words)")
        } else {
            self.reply = (code, String(words.prefix(500)))
        }
        return true
    }

    /// Whether the server had closed a reused connection, so that this e-mail has not begun.
    func foundConnectionClosed(_ code: CURLcode) -> Bool {
        let others = [CURLE_OK, CURLE_ABORTED_BY_CALLBACK, CURLE_OPERATION_TIMEDOUT, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT]
        guard !others.contains(code) else { return false }
        let closed = self.reply.map { $0.code == 421 } ?? true
        return closed && self.stage != .data && self.easy.get(CURLINFO_NUM_CONNECTS) == 0
    }

    /// The failure.
    func error(_ code: CURLcode) -> SMTPError {
        let stage = code == CURLE_LOGIN_DENIED ? .login : self.stage
        // Until the connection is established, the replies are greetings and do not explain the failure.
        let isAboutTLS = [CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_USE_SSL_FAILED].contains(code)
        return SMTPError(
            stage: stage, reply: self.reply?.code, recipient: stage == .recipient ? self.recipient : nil,
            code: code == CURLE_ABORTED_BY_CALLBACK ? .cancelled : .init(code),
            // A reply to a login may repeat the password.
            message: stage == .login || isAboutTLS ? self.easy.message(code) : self.reply?.words ?? self.easy.message(code),
            mayHaveBeenSent: self.isAllGiven && self.reply == nil)
    }
}
