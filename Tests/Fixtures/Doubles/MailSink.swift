public import FoundationEssentials

/// A running `ops/mail-sink.py` on a free port of the loopback: a mail server that stores each e-mail as a file in its own folder.
public final class MailSink: Sendable {
    /// The port on 127.0.0.1.
    public let port: Int
    /// The folder of the `.eml` files.
    public let folder: URL
    /// The process.
    public let process: ChildProcess

    /// Starts one and waits until it listens.
    ///
    /// - Parameters:
    ///   - port: 0 takes a free one.
    ///   - certificate: enables STARTTLS and requires it.
    ///   - implicitTLS: TLS from the first byte instead.
    ///   - login: `user:password`, which is then required.
    public init(port: Int = 0, certificate: CertificateAuthority.Certificate? = nil, implicitTLS: Bool = false, login: String? = nil) async throws {
        self.folder = try Scratch.folder("mail-sink")
        let faults = self.folder.appending(path: "faults").path
        var arguments = ["--port", "\(port)", "--dir", self.folder.path, "--faults", faults]
        if let certificate { arguments += ["--tls-cert", certificate.file, "--tls-key", certificate.key] }
        if implicitTLS { arguments.append("--implicit-tls") }
        if let login {
            let file = self.folder.appending(path: "login")
            try Data(login.utf8).write(to: file)
            arguments += ["--login-file", file.path]
        }
        self.process = try ChildProcess(Repository.path + "/ops/mail-sink.py", arguments)
        self.port = Int(try await self.process.firstLine(matching: #"listening on [^\n]*:(\d+)\n"#)) ?? 0
    }

    deinit { try? FileManager.default.removeItem(at: self.folder) }

    /// Sets the faults from now on, one per line (`rcpt-451 2`, `cut`): see the script.
    public func setFaults(_ lines: String...) throws {
        try Data(lines.joined(separator: "\n").utf8).write(to: self.folder.appending(path: "faults"), options: .atomic)
    }

    /// The remaining faults: one with a number is removed after it has happened so often.
    public var faults: String {
        get throws {
            try String(contentsOf: self.folder.appending(path: "faults"), encoding: .utf8)
        }
    }

    /// Waits for this number of e-mails, and reads all of them, oldest first.
    public func mails(_ count: Int, within time: Duration = .seconds(30)) async throws -> [StoredMail] {
        if count > 0 { _ = try await self.process.firstLine(matching: #"stored (\#(count)) "#, within: time) }
        return try await self.mails()
    }

    /// Reads the e-mails so far, oldest first.
    public func mails() async throws -> [StoredMail] { try await StoredMail.read(folder: self.folder) }
}
