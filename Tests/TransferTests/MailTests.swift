import Fixtures
import FoundationEssentials
import Testing

@testable import Transfer

/// E-mails on the wire; read back by Python's `email` unless the bytes matter.
@Suite struct MailTests {
    private func mail(
        from: Mailbox? = nil, to: [Mailbox]? = nil, subject: String = "Order 7", text: String = "Thanks.\n", html: String? = nil,
        messageID: String = "1@shop.example", headers: [(name: String, value: String)] = []
    ) throws -> Mail {
        let (ada, shop) = (try Mailbox("ada@example.com"), try Mailbox("shop@shop.example", name: "The Shop"))
        return Mail(
            from: from ?? shop, to: to ?? [ada], subject: subject, text: text, html: html, messageID: messageID,
            date: Date(timeIntervalSince1970: 1_795_467_845), headers: headers)
    }

    private func parsed(_ mails: [Mail]) async throws -> [StoredMail] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "mails-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (index, mail) in mails.enumerated() {
            let lines = String(decoding: try mail.encoded(), as: UTF8.self)
            // A word longer than a line stands alone on it, or after its header's name.
            for line in lines.split(separator: "\r\n") where line.utf8.count > 78 {
                #expect(line.split(separator: " ").count { !$0.hasSuffix(":") } == 1, "\(line)")
            }
            #expect(!lines.contains { $0 == "\n" || $0 == "\r" }, "a line end that is not CR LF")
            try Data(lines.utf8).write(to: folder.appending(path: "\(1000 + index).eml"))
        }
        return try await StoredMail.read(folder: folder)
    }

    @Test func `a plain-text e-mail, byte by byte`() throws {
        let expected = """
            From: "The Shop" <shop@shop.example>
            To: ada@example.com
            Subject: Order 7
            Date: Mon, 23 Nov 2026 21:04:05 +0000
            Message-ID: <1@shop.example>
            MIME-Version: 1.0
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: quoted-printable

            Thanks.

            """
        #expect(String(decoding: try self.mail().encoded(), as: UTF8.self) == expected.replacing("\n", with: "\r\n"))
    }

    @Test func `both forms, a name, a subject and bodies in any script survive a round trip`() async throws {
        let texts = [
            "Grüße — naïve €5 = 100%", "Спасибо за ваш заказ номер 1234567890 в нашем магазине, он скоро будет отправлен",
            "ご注文ありがとうございます。商品はまもなく発送されます。ご注文番号は1234567890です。",
            "👩‍👩‍👧‍👦 family and 🇩🇪 flag " + String(repeating: "é", count: 200), "=?UTF-8?B?SGk=?=", "two  blanks, one at the end ", " one before",
            "quotes \"and\" back\\slash, comma",
            String(repeating: "word ", count: 60) + "end", String(repeating: "x", count: 300), "", "a@b <c>",
        ]
        let bodies =
            texts + ["a\r\nb\nc\rd", ".\n..\n.dot", "From here\n", "tab\t\nblank \n", "\u{0}\u{7F}\u{1B}", String(repeating: "long ", count: 500)]
        var mails: [Mail] = []
        for (index, body) in bodies.enumerated() {
            let text = texts[index % texts.count]
            let box = try Mailbox("a.b+c@example.com", name: text)
            mails.append(
                try self.mail(
                    from: box, to: [box, Mailbox("d@example.com")], subject: text, text: body, html: "<p>\(body)</p>\n", messageID: "<\(index)@x>"))
        }
        let stored = try await self.parsed(mails)
        #expect(stored.count == mails.count)
        for (mail, stored) in zip(mails, stored) {
            func lines(_ text: String?) -> String? {
                let unified = text?.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
                return unified.map { $0.isEmpty || $0.hasSuffix("\n") ? $0 : $0 + "\n" }
            }
            #expect(stored.defects.isEmpty)
            #expect(stored["Subject"] == mail.subject)
            #expect(lines(stored.text) == lines(mail.text))
            #expect(lines(stored.html) == lines(mail.html))
            #expect(stored["Message-ID"] == mail.messageID)
            let (names, addresses) = (stored.mailboxes["To"]?.map(\.name), stored.mailboxes["To"]?.map(\.address))
            #expect(names == [mail.from.name ?? "", ""])
            #expect(addresses == ["a.b+c@example.com", "d@example.com"])
        }
    }

    @Test func `further headers are written, long ones folded`() async throws {
        let link = "<https://shop.example/unsubscribe?token=\(String(repeating: "a", count: 200))>"
        let mail = try self.mail(headers: [
            ("List-Unsubscribe", link), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"), ("Auto-Submitted", "auto-generated"),
        ])
        let stored = try #require(try await self.parsed([mail]).first)
        #expect(stored["List-Unsubscribe"] == link)
        #expect(stored["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click")
        #expect(stored["Auto-Submitted"] == "auto-generated")
    }

    @Test(arguments: ["a\r\nBcc: eve@example.com", "a\nb", "a\rb", "a\u{0}b", "a\u{7F}b"])
    func `values that would break out of a header are refused`(evil: String) throws {
        #expect(throws: MailError.self) { try Mailbox("ada@example.com", name: evil) }
        #expect(throws: MailError.self) { try Mailbox("\(evil)@example.com") }
        #expect(throws: MailError.self) { try Mailbox("ada@\(evil)") }
        #expect(throws: MailError.self) { try self.mail(subject: evil).encoded() }
        #expect(throws: MailError.self) { try self.mail(messageID: "\(evil)@x").encoded() }
        #expect(throws: MailError.self) { try self.mail(headers: [("X-One", evil)]).encoded() }
        #expect(throws: MailError.self) { try self.mail(headers: [(evil, "1")]).encoded() }
    }

    @Test(arguments: [
        "", "ada", "@example.com", "ada@", "ada@@example.com", "a b@example.com", "<ada@example.com>", "ada@example.com>", "a,b@c.d", "a\"@b.c",
        "ada@example.com SIZE=1", "a\u{A0}b@c.d", String(repeating: "a", count: 251) + "@b.c",
    ])
    func `a malformed address is refused`(address: String) {
        #expect(throws: MailError.self) { try Mailbox(address) }
    }

    @Test(arguments: ["", "no-at", "a b@c", "a@b@c", "<a@b", "a@b>", "<>", "é@x"])
    func `a malformed Message-ID is refused`(id: String) throws {
        #expect(throws: MailError.self) { try self.mail(messageID: id).encoded() }
    }

    @Test(arguments: ["Subject", "FROM", "content-type", "Bcc", "Message-ID", "", "X One", "X:One", "X-Ä"])
    func `a duplicate or malformed header is refused`(name: String) throws {
        #expect(throws: MailError.self) { try self.mail(headers: [(name, "1")]).encoded() }
    }

    @Test func `an e-mail without recipients, or with a line too long for any server, is refused`() throws {
        #expect(throws: MailError.self) { try self.mail(to: []).encoded() }
        #expect(throws: MailError.self) { try self.mail(headers: [("X-Long", String(repeating: "a", count: 1000))]).encoded() }
    }

    @Test(arguments: [("", ""), ("a", "a\r\n"), ("a\n\n", "a\r\n\r\n"), ("a=b", "a=3Db\r\n"), ("a ", "a=20\r\n"), ("\té", "\t=C3=A9\r\n")])
    func `quoted-printable, byte by byte`(text: String, expected: String) {
        #expect(String(decoding: quotedPrintable(text), as: UTF8.self) == expected)
    }

    @Test(arguments: 70...80)
    func `quoted-printable lines have at most 76 characters`(count: Int) {
        for end in ["", "=", " ", "é", "a "] {
            let lines = String(decoding: quotedPrintable(String(repeating: "a", count: count) + end), as: UTF8.self).split(separator: "\r\n")
            #expect(lines.allSatisfy { $0.utf8.count <= 76 })
        }
    }
}
