import Conveyor
import Fixtures
import MailTemplates
import Postgres
import Shop
import Testing

/// The recipients of e-mails, and how often each is sent.
@Suite struct LetterTests {
    @Test func `each event sends its e-mail once, however often it comes`() async throws {
        try await withPost { stage in
            let waiting = try await stage.insertLetterOrder("awaiting_payment")
            let order = try await stage.insertLetterOrder()
            try await stage.shop.pool.query(
                """
                insert into disputes (dispute_id, order_id, amount, payment_intent_id, currency, status, reason)
                values ('dp_1', $1, 4000, 'pi_1', 'usd', 'needs_response', 'product_not_received')
                """, order)
            let events: [any Message] = [
                AccountRegistered(userID: stage.user), OrderPaid(orderID: order), OrderShipped(orderID: order), OrderCancelled(orderID: order),
                OrderExpired(orderID: order),
                PaymentFailed(orderID: waiting, paymentIntentID: "pi_1", failureCode: "insufficient_funds", attempt: "ch_1"),
                PaymentRefunded(orderID: order, refundID: "re_1", amount: 1500, currency: "usd", amountRefunded: 1500),
                PaymentDisputed(orderID: order, disputeID: "dp_1", status: .needsResponse, amount: 4000, currency: "usd"),
                StockLow(productID: stage.product, stockQuantity: 3, threshold: 5, crossing: 1),
                SendEmail(template: "password_reset", subject: "reset-1", to: "ada@example.com", data: ["reset_id": stage.user.description]),
                SendEmail(template: "password_changed", subject: "change-1", to: "ada@example.com", userID: stage.user, data: ["name": "Ada"]),
                SendEmail(
                    template: "webhook_off", subject: "off-1", to: "admin@example.com", data: ["endpoint": "https://hooks.example/shop", "gone": "1"]),
            ]
            var asked: [ID] = []
            for event in events {
                // The same message twice, and again as another message.
                let id = ID.new()
                for each in [id, id, ID.new()] { asked.append(try await stage.shop.send(event, id: each)) }
            }
            for id in asked { #expect(try await stage.shop.ended(id).outcome == "succeeded") }
            #expect(try await stage.kinds() == MailTemplate.allCases.map(\.rawValue).sorted())
            try await stage.shop.stop()

            let mails = try await stage.shop.mail.mails()
            #expect(mails.count == MailTemplate.allCases.count)
            let ids = try await stage.shop.pool.query("select message_id from emails order by message_id").decode(String.self)
            #expect(mails.compactMap { $0["Message-ID"] }.sorted() == ids)
            for mail in mails {
                let subject = mail["Subject"] ?? ""
                #expect(mail.defects.isEmpty, "\(subject)")
                #expect(mail["Date"]?.contains(#/^\w{3}, \d\d? \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}$/#) == true, "\(mail["Date"] ?? "")")
                #expect(mail["Auto-Submitted"] == "auto-generated")
                #expect(mail.mailboxes["From"] == [StoredMail.Person(name: "The Shop", address: "shop@example.com")])
                // A notification that is not required can be turned off.
                #expect((mail["List-Unsubscribe"] != nil) == (subject == "Welcome to The Shop"), "\(subject)")
                let isForStaff = ["Dispute", "Low stock", "A webhook endpoint"].contains { subject.hasPrefix($0) }
                #expect(mail.recipients == [isForStaff ? "admin@example.com" : "ada@example.com"])
                for form in [mail.text, mail.html] {
                    #expect(form?.isEmpty == false, "\(subject)")
                    #expect(form?.contains("{{") == false, "\(subject)")
                }
            }
        }
    }

    @Test func `an e-mail describes its subject`() async throws {
        try await withPost { stage in
            let order = try await stage.insertLetterOrder()
            try await stage.done(OrderShipped(orderID: order))
            let mail = try #require(try await stage.shop.mail.mails(1).first)
            for form in [mail.text, mail.html] {
                for word in ["DHL", "00340434161094042557", "Assam", "$40.00", "12 St James", "https://shop.example/orders/\(order)"] {
                    #expect(form?.contains(word) == true, "\(word)")
                }
            }
        }
    }

    @Test func `names and subjects in any script arrive unchanged, and no value breaks out of its place`() async throws {
        try await withPost { stage in
            let pool = stage.shop.pool
            let name = "Åsa \"林\" <b>🍵</b>, Ångström & Söhne"
            try await pool.query("update users set full_name = $2 where id = $1", stage.user, name)
            try await pool.query("update products set name = $2 where id = $1", stage.product, "Thé « sencha »\r\nBcc: eve@example.com\r\n\r\n林")
            try await stage.done(AccountRegistered(userID: stage.user))
            try await stage.done(StockLow(productID: stage.product, stockQuantity: 3, threshold: 5, crossing: 1))
            try await pool.query("update users set full_name = $2 where id = $1", stage.user, "Eve\r\nBcc: eve@example.com\r\nX-Evil: 1")
            try await stage.done(OrderPaid(orderID: stage.insertLetterOrder(product: "<script>alert(1)</script> \"\u{301} onclick=\"x")))

            let mails = try await stage.shop.mail.mails(3)
            #expect(mails[0].mailboxes["To"] == [StoredMail.Person(name: name, address: "ada@example.com")])
            #expect(mails[0].text?.contains(name) == true)
            #expect(mails[0].html?.contains("<b>") == false)
            #expect(mails[1]["Subject"] == "Low stock: Thé « sencha » Bcc: eve@example.com 林 (TEA-1)")
            #expect(mails[2].mailboxes["To"] == [StoredMail.Person(name: "Eve Bcc: eve@example.com X-Evil: 1", address: "ada@example.com")])
            #expect(mails[2].html?.contains("<script") == false)
            // By bytes: a combining accent after the quote makes another character, and still it would end an attribute.
            let ascii = String(decoding: (mails[2].html ?? "").utf8.map { $0 < 0x80 ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
            #expect(ascii.contains("&quot;?? onclick=&quot;x"))
            for mail in mails {
                #expect(mail.recipients.count == 1 && mail.defects.isEmpty)
                #expect(!mail.headers.contains { ["bcc", "x-evil"].contains($0[0].lowercased()) })
            }
        }
    }

    @Test func `a greeting contains the name only if the address is verified`() async throws {
        try await withPost { stage in
            let words = "Your account will be closed. Confirm your card at evil example"
            try await stage.shop.pool.query("update users set full_name = $2, email_verified = false where id = $1", stage.user, words)
            try await stage.done(AccountRegistered(userID: stage.user))
            try await stage.done(OrderPaid(orderID: stage.insertLetterOrder()))
            for mail in try await stage.shop.mail.mails(2) {
                #expect(mail.text?.contains("Confirm your card") == false)
                #expect(mail.html?.contains("Confirm your card") == false)
                #expect(mail.mailboxes["To"] == [StoredMail.Person(name: "", address: "ada@example.com")])
            }
        }
    }

    @Test func `an erased person's address is removed from the records, and a late e-mail is not sent`() async throws {
        try await withPost { stage in
            let order = try await stage.insertLetterOrder("paid", phone: "+44 20 7946 0000")
            try await stage.done(OrderPaid(orderID: order))
            try await stage.shop.pool.query(
                """
                insert into text_messages (kind, subject, recipient, message_id, user_id) values ('order_shipped', $1, '+442079460000', 'SM1', $2)
                """, order.description, stage.user)
            try await stage.shop.pool.query("update users set erased_at = now() where id = $1", stage.user)
            try await stage.done(AccountErased(userID: stage.user))
            let recipients = "select recipient from emails union all select recipient from text_messages"
            #expect(try await stage.shop.pool.query(Statement(recipients)).decode(String.self) == ["erased", "erased"])
            try await stage.done(SendEmail(template: "password_changed", subject: "1", to: "ada@example.com", userID: stage.user, data: [:]))
            try await stage.done(SendEmail(template: "password_changed", subject: "2", to: "", data: [:]))
            #expect(try await stage.kinds() == ["order_confirmation"])
        }
    }

    @Test func `no e-mail is sent for an erased account or an unknown order`() async throws {
        try await withPost { stage in
            let order = try await stage.insertLetterOrder()
            try await stage.shop.pool.query("update users set erased_at = now() where id = $1", stage.user)
            try await stage.done(OrderPaid(orderID: order))
            try await stage.done(AccountRegistered(userID: stage.user))
            try await stage.done(OrderPaid(orderID: stage.product))
            #expect(try await stage.kinds().isEmpty)
        }
    }

    @Test func `a failed payment is not reported if the order was paid meanwhile`() async throws {
        try await withPost { stage in
            let order = try await stage.insertLetterOrder("paid")
            try await stage.done(PaymentFailed(orderID: order, paymentIntentID: "pi_1", attempt: "ch_1"))
            #expect(try await stage.kinds().isEmpty)
        }
    }

    @Test func `an e-mail without an address becomes a dead letter`() async throws {
        try await withPost { stage in
            let broken = try await stage.shop.send(SendEmail(template: "welcome", subject: "1", to: "ada\r\nRCPT TO:<eve@example.com>", data: [:]))
            let unknown = try await stage.shop.send(SendEmail(template: "no_such", subject: "1", to: "ada@example.com", data: [:]))
            for id in [broken, unknown] { #expect(try await stage.deadLetter(id) == "invalid_payload") }
        }
    }
}
