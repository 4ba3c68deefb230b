import FoundationEssentials
import Glibc

extension Mail {
    /// Quoted-printable never contains `=_`, so no line of a part looks like a boundary (RFC 2045, section 6.7).
    private static let boundary = "=_alternative"
    /// Headers that this type writes; it is undefined which of two counts.
    private static let ownHeaders: Set<String> = [
        "from", "to", "cc", "bcc", "sender", "reply-to", "subject", "date", "message-id", "mime-version", "content-type", "content-transfer-encoding",
    ]

    /// The message on the wire (RFC 5322), without dot-stuffing.
    func encoded() throws(MailError) -> [UInt8] {
        guard !self.to.isEmpty else { throw MailError("an e-mail without recipients") }
        var message: [UInt8] = []
        message += HeaderField("From", [self.from]).bytes
        message += HeaderField("To", self.to).bytes
        if let replyTo { message += HeaderField("Reply-To", [replyTo]).bytes }
        message += try HeaderField("Subject", text: self.subject).bytes
        message += try HeaderField("Date", text: Self.format(self.date)).bytes
        message += try HeaderField("Message-ID", text: self.bracketedMessageID()).bytes
        for (name, value) in self.headers {
            let isName = !name.isEmpty && name.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ":") }
            guard isName, !Self.ownHeaders.contains(name.lowercased()) else {
                throw MailError("a header's name is none, or one that is made already")
            }
            message += try HeaderField(name, text: value).bytes
        }
        message += Array("MIME-Version: 1.0\r\n".utf8)
        guard let html else { return message + Self.part("plain", self.text) }
        message += Array("Content-Type: multipart/alternative; boundary=\"\(Self.boundary)\"\r\n".utf8)
        message += Array("\r\n--\(Self.boundary)\r\n".utf8) + Self.part("plain", self.text)
        message += Array("--\(Self.boundary)\r\n".utf8) + Self.part("html", html)
        message += Array("--\(Self.boundary)--\r\n".utf8)
        return message
    }

    private static func part(_ subtype: String, _ text: String) -> [UInt8] {
        Array("Content-Type: text/\(subtype); charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n".utf8) + quotedPrintable(text)
    }

    private func bracketedMessageID() throws(MailError) -> String {
        var id = self.messageID[...]
        if id.hasPrefix("<"), id.hasSuffix(">") { id = id.dropFirst().dropLast() }
        let parts = id.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, id.utf8.count < 900,
            parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"<>".utf8.contains($0) } })
        else {
            throw MailError("the Message-ID is not of the form left@right")
        }
        return "<\(id)>"
    }

    /// `Mon, 23 Nov 2026 21:04:05 +0000` (RFC 5322, section 3.3).
    private static func format(_ date: Date) -> String {
        var seconds = time_t(date.timeIntervalSince1970)
        var parts = unsafe tm()
        unsafe gmtime_r(&seconds, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let day = unsafe "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(parts.tm_year + 1900)"
        return unsafe "\(day) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) +0000"
    }
}
