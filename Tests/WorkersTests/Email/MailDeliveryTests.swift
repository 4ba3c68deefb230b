import Conveyor
import Fixtures
import Postgres
import Shop
import Testing

/// Mail servers that require, refuse, defer, or disappear.
@Suite struct MailDeliveryTests {
    @Test(arguments: ["starttls", "implicit"]) func `an e-mail is sent over TLS with the login, verified by the given authority`(tls: String)
        async throws
    {
        let authority = try await CertificateAuthority()
        let sink = try await MailSink(
            certificate: try await authority.issue(for: "DNS:localhost"), implicitTLS: tls == "implicit", login: "shop:pass word:ü")
        let settings = [
            "SMTP_HOST": "localhost", "SMTP_TLS": tls, "TLS_CA_FILE": authority.file, "EMAIL_USERNAME": "shop", "EMAIL_PASSWORD": "pass word:ü",
        ]
        try await withPost(settings, mail: sink) { stage in
            try await stage.done(OrderPaid(orderID: stage.insertLetterOrder()))
            #expect(try await sink.mails(1).map(\.transmission) == ["ESMTPSA"])
        }
    }

    @Test(arguments: ["starttls", "implicit"]) func `an untrusted certificate stops the worker, which reports it`(tls: String) async throws {
        let sink = try await MailSink(certificate: try await CertificateAuthority().issue(for: "DNS:localhost"), implicitTLS: tls == "implicit")
        let other = try await CertificateAuthority()
        try await self.expectStop(
            ["SMTP_HOST": "localhost", "SMTP_TLS": tls, "TLS_CA_FILE": other.file], sink, naming: "SMTP_TLS")
    }

    @Test func `no e-mail is sent in the clear to a server without STARTTLS`() async throws {
        try await self.expectStop(["SMTP_TLS": "starttls"], try await MailSink(), naming: "SMTP_TLS")
    }

    @Test func `a wrong password stops the worker, which reports it without the password`() async throws {
        let sink = try await MailSink(login: "shop:right")
        try await self.expectStop(["EMAIL_USERNAME": "shop", "EMAIL_PASSWORD": "wr0ng-secret"], sink, naming: "EMAIL_PASSWORD")
    }

    /// Nothing is sent, and no attempt is counted: the worker continues when the settings, or the server, are repaired.
    private func expectStop(_ settings: [String: String], _ sink: MailSink, naming setting: String) async throws {
        let port = try Port.free()
        try await withPost(settings.merging(["METRICS_PORT": "\(port)"]) { $1 }, mail: sink) { stage in
            try await stage.shop.send(OrderPaid(orderID: stage.insertLetterOrder()))
            try await eventually("the worker to go unready") {
                let readiness = try await stage.shop.readiness(port)
                return !readiness.isReady && readiness.text.contains(setting)
            }
            #expect(try await sink.mails().isEmpty)
            #expect(try await stage.shop.pool.query("select from attempts").isEmpty)
            #expect(!stage.shop.output(of: "email-worker").contains("wr0ng-secret"))
        }
    }

    @Test(arguments: ["rcpt-451", "data-452"]) func `a temporary refusal is retried, and the e-mail sent once`(fault: String) async throws {
        try await withPost { stage in
            try stage.shop.mail.setFaults("\(fault) 2")
            let order = try await stage.insertLetterOrder()
            try await stage.done(OrderPaid(orderID: order))
            #expect(try await stage.shop.mail.mails(1).count == 1)
            #expect(try await stage.kinds() == ["order_confirmation"])
            #expect(try await stage.retries() == 2)
        }
    }

    @Test(arguments: ["rcpt-550", "data-554"]) func `a permanent refusal becomes a dead letter, and other e-mails arrive`(
        fault: String
    ) async throws {
        try await withPost { stage in
            try stage.shop.mail.setFaults("\(fault) 1")
            let refused = try await stage.shop.send(OrderPaid(orderID: stage.insertLetterOrder()))
            #expect(try await stage.deadLetter(refused) == "refused_by_smtp")
            for _ in 0..<3 { try await stage.done(OrderPaid(orderID: stage.insertLetterOrder())) }
            #expect(try await stage.kinds().count == 3)
            #expect(try await stage.retries() == 0)
            // An operator's replay after the mailbox exists: the same message again.
            let order = try await stage.shop.pool.query(
                "select id from orders o where not exists (select from emails e where e.subject = o.id::text)"
            ).decode(ID.self)
            try await stage.done(OrderPaid(orderID: #require(order.first)), id: refused)
            #expect(try await stage.shop.mail.mails(4).count == 4)
        }
    }

    @Test func `after a connection is cut behind the data, the e-mail is sent again with the same Message-ID`() async throws {
        try await withPost { stage in
            try stage.shop.mail.setFaults("cut 1")
            try await stage.done(OrderPaid(orderID: stage.insertLetterOrder()))
            let mails = try await stage.shop.mail.mails(2)
            #expect(mails.count == 2)
            #expect(Set(mails.map { $0["Message-ID"] }).count == 1)
            #expect(try await stage.shop.pool.query("select message_id from emails").decode(String?.self) == [mails[0]["Message-ID"]])
        }
    }

    @Test func `a worker killed between the server's 250 and the commit sends the e-mail again with the same Message-ID`() async throws {
        try await withPost { stage in
            let order = try await stage.insertLetterOrder()
            // While the table is locked, the worker stops just before it records the sent e-mail.
            try await stage.shop.pool.transaction { transaction in
                try await transaction.query("lock table emails in share mode")
                try await stage.shop.send(OrderPaid(orderID: order))
                _ = try await stage.shop.mail.mails(1)
                try await eventually("the worker to stand before its commit") {
                    try await !transaction.query(
                        """
                        select from pg_stat_activity where application_name = 'email-worker post' and wait_event_type = 'Lock'
                            and datname = current_database()
                        """
                    ).isEmpty
                }
                try await stage.shop.kill("email-worker")
                try await transaction.query(
                    """
                    select pg_terminate_backend(pid, 5000) from pg_stat_activity
                    where application_name like 'email-worker%' and datname = current_database()
                    """)
            }
            #expect(try await stage.kinds().isEmpty)
            try await stage.shop.start("email-worker")
            let mails = try await stage.shop.mail.mails(2)
            #expect(mails.count == 2)
            #expect(Set(mails.map { $0["Message-ID"] }).count == 1)
            try await eventually("the note") { try await stage.kinds() == ["order_confirmation"] }
        }
    }

    @Test func `many e-mails share few connections, and each is sent once`() async throws {
        try await withPost { stage in
            var asked: [ID] = []
            for _ in 0..<60 { asked.append(try await stage.shop.send(OrderPaid(orderID: stage.insertLetterOrder()))) }
            for id in asked { #expect(try await stage.shop.ended(id).outcome == "succeeded") }
            let mails = try await stage.shop.mail.mails(60)
            #expect(Set(mails.map { $0["Message-ID"] }).count == 60)
            // At most 16 are sent at the same time.
            #expect(Set(mails.map(\.clientPort)).count <= 16)
        }
    }

    @Test func `a worker waits for a mail server that is down`() async throws {
        let port = try Port.free()
        try await withPost(["SMTP_PORT": "\(port)"]) { stage in
            let asked = try await stage.shop.send(OrderPaid(orderID: stage.insertLetterOrder()))
            try await eventually("a first try") { try await stage.retries() >= 1 }
            let sink = try await MailSink(port: port)
            #expect(try await stage.shop.ended(asked).outcome == "succeeded")
            #expect(try await sink.mails(1).count == 1)
        }
    }
}
