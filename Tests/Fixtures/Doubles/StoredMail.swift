public import FoundationEssentials

/// An e-mail as a mail reader understands it: parsed by Python's `email`, so independently of this code.
public struct StoredMail: Sendable, Codable {
    /// All header fields in order, decoded and unfolded; first the sink's own (`Return-Path`, `Delivered-To`, `Received`).
    public let headers: [[String]]
    /// The plain-text part.
    public let text: String?
    /// The HTML part.
    public let html: String?
    /// The parser's defects, if any.
    public let defects: [String]
    /// The raw file without the sink's own header fields.
    public let source: String

    /// A mailbox in a header field.
    public struct Person: Sendable, Codable, Equatable {
        /// The display name; empty if there is none.
        public let name: String
        /// `ada@example.com`
        public let address: String

        /// A mailbox to compare with.
        public init(name: String, address: String) {
            self.name = name
            self.address = address
        }
    }

    /// The mailboxes of From, To and Reply-To.
    public let mailboxes: [String: [Person]]

    /// The first value of a header field; names are compared without case.
    public subscript(name: String) -> String? {
        self.headers.first { $0[0].lowercased() == name.lowercased() }?[1]
    }

    /// The recipients in the envelope.
    public var recipients: [String] { self.headers.filter { $0[0] == "Delivered-To" }.map { $0[1] } }

    /// `ESMTP`, with an `S` for TLS and an `A` for a login.
    public var transmission: String { self["Received"]?.firstMatch(of: #/with (\w+);/#).map { String($0.1) } ?? "" }

    /// The client's port, which differs for each connection.
    public var clientPort: Int { self["Received"]?.firstMatch(of: #/\]:(\d+)\)/#).flatMap { Int($0.1) } ?? 0 }

    /// Reads all `.eml` files of a folder, in the order of their names.
    public static func read(folder: URL) async throws -> [StoredMail] {
        let mails = try await ChildProcess.run("python3", ["-c", Self.parser, folder.path])
        return try JSONDecoder().decode([StoredMail].self, from: Data(mails.utf8))
    }

    private static let parser = #"""
        import email, email.header, email.policy, email.utils, json, pathlib, sys

        def part(message, kind):
            found = message.get_body((kind,))
            return found.get_content().replace("\r\n", "\n") if found and found.get_content_subtype() == kind else None

        def text(value):
            return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")

        def mailboxes(raw):
            # By the older parser: the newer one of Python 3.11 leaves the blanks between the encoded words of a name.
            decoded = [(str(email.header.make_header(email.header.decode_header(name))), address) for name, address in email.utils.getaddresses([raw])]
            return [{"name": text(name), "address": text(address)} for name, address in decoded]

        mails = []
        for file in sorted(pathlib.Path(sys.argv[1]).glob("*.eml")):
            source = file.read_bytes()
            message = email.message_from_bytes(source, policy=email.policy.default)
            own = source.partition(b"\tby mail-sink")[2].partition(b"\r\n")[2] or source
            mails.append({
                "headers": [[name, text(str(value))] for name, value in message.items()],
                "mailboxes": {
                    name: mailboxes(raw) for name, raw in message.raw_items() if name in ("From", "To", "Reply-To")
                },
                "text": part(message, "plain"), "html": part(message, "html"),
                "defects": [repr(defect) for each in message.walk() for defect in each.defects],
                "source": own.decode(),
            })
        print(json.dumps(mails))
        """#
}
