import Conveyor
import Fixtures
import RabbitMQ
import Shop
import Testing
import Topology

/// `conveyor queues | pause | resume | doctor | cache clear`
@Suite struct QueueCommandTests {
    private static let queues = Topology.workers.map(\.name).sorted()

    @Test func `queues shows the state of each`() async throws {
        try await withCommandLine { site in
            try await site.addDeadLetters(2, queue: "email", type: "email.send")
            try await site.database.psql(
                """
                insert into attempts (message_id, correlation_id, next_at, attempt, queue, type, error_type, error)
                    values (gen_random_uuid(), gen_random_uuid(), now() + interval '1 hour', 1, 'payments', 'payments.refund', 'refused_by_stripe', 'later')
                """)
            try await withPublisher(site.host.amqpURL) { publisher in
                for _ in 0..<3 {
                    try await publisher.publish(Outgoing(exchange: "", routingKey: "orders", properties: Properties(), body: Array("{}".utf8)))
                }
            }
            let call = try await site.conveyor("queues", "--json")
            #expect(call.status == 0)
            let rows = try call.rows
            let keys = "name, ready, unacked, retrying, dead, consumers, publish_rate, deliver_rate, oldest_seconds, paused"
            #expect(rows.allSatisfy { $0.lacks(keys).isEmpty })
            #expect(rows.compactMap { $0["name"].string }.sorted() == Self.queues)
            let byName = Dictionary(uniqueKeysWithValues: rows.map { ($0["name"].string ?? "", $0) })
            #expect(byName["orders"]?["ready"] == .int(3) && byName["orders"]?["paused"] == .bool(false))
            #expect(byName["email"]?["dead"] == .int(2) && byName["payments"]?["retrying"] == .int(1))
            #expect(byName["accounts"]?["consumers"] == .int(0))

            #expect(try await site.conveyor("queues", "orders", "--json").column("name") == ["orders"])
            let table = try await site.conveyor("queues")
            #expect(table.status == 0 && table.output.hasPrefix("QUEUE ") && table.output.contains("no worker"))
            let unknown = try await site.conveyor("queues", "nosuch")
            #expect(unknown.status == 1 && unknown.complaint?.hasPrefix("no queue nosuch") == true)
        }
    }

    @Test func `a paused queue's worker takes nothing until it is resumed, without a restart`() async throws {
        try await withCommandLine { site in
            try await withPart("inventory-worker", site.settings(of: "inventory")) { _ in
                let paused = try await site.conveyor("pause", "inventory")
                #expect(paused.status == 0 && paused.output.hasPrefix("inventory is paused"))
                try await eventually("the worker to stop taking", within: .seconds(60)) { try await site.host.state("inventory")?.consumers == 0 }
                let command = AdjustStock(productID: ID.v7(milliseconds: 1), delta: 1, reason: "a test")
                let id = ID.v7(milliseconds: UInt64(Clock.milliseconds()))
                let envelope = Envelope(messageID: id, type: AdjustStock.type, actor: "system", sentAt: Clock.milliseconds())
                try await withPublisher(site.host.amqpURL) { try await $0.publish(Outgoing(command, envelope: envelope, appID: "tests")) }
                let row = try await site.conveyor("queues", "inventory", "--json").rows[0]
                #expect(row["paused"] == .bool(true) && row["ready"] == .int(1))
                #expect(try await site.conveyor("pause", "inventory").output == "inventory was paused already\n")

                let resumed = try await site.conveyor("resume", "inventory")
                #expect(resumed.status == 0 && resumed.output.hasPrefix("inventory is resumed"))
                try await eventually("it to be handled", within: .seconds(60)) {
                    try await site.database.value("select outcome from inbox where message_id = '\(id)'") == "rejected"
                }
                #expect(try await site.conveyor("resume", "inventory").output == "inventory was not paused already\n")
            }
            #expect(try await site.audit(of: "inventory") == [["operator:ada", "pause", nil], ["operator:ada", "resume", nil]])
            for act in ["pause", "resume"] {
                let unknown = try await site.conveyor(act, "nosuch")
                #expect(unknown.status == 1 && unknown.complaint?.hasPrefix("no queue nosuch") == true)
            }
        }
    }

    @Test func `doctor reports problems with advice`() async throws {
        try await withCommandLine { site in
            try await site.host.unbind("orders", from: "events", routingKey: "stock.reserved")
            try await site.addDeadLetter()
            #expect(try await site.conveyor("pause", "email").status == 0)
            // The broker needs some seconds to report the effective policies of new queues.
            let findings = try await eventualValue("the broker to know its queues", every: .seconds(1)) {
                let call = try await site.conveyor("doctor", "--json", settings: ["SMTP_HOST": "127.0.0.1", "SMTP_PORT": "1"])
                #expect(call.status == 1)
                let findings = try call.rows
                return findings.contains { $0["check"].string == "queues" && $0["verdict"].string == "warning" } ? nil : findings
            }
            #expect(findings.allSatisfy { $0.lacks("check, verdict, detail, advice").isEmpty })
            #expect(findings.allSatisfy { ($0["verdict"].string == "ok") == ($0["advice"] == .null) }, "advice where it is needed")
            func verdict(_ check: String) -> String? { findings.first { $0["check"].string == check }?["verdict"].string }
            for good in ["libraries", "database", "clock of the database", "operator's role", "migrations", "broker", "queues"] {
                #expect(verdict(good) == "ok", "\(good)")
            }
            #expect(verdict("topology") == "failed" && verdict("mail server") == "failed" && verdict("recorder") == "failed")
            #expect(verdict("orders-worker") == "failed" && verdict("email-worker") == "warning" && verdict("dead letters") == "warning")
            let people = try await site.conveyor("doctor", "--quiet")
            #expect(people.status == 1 && people.output.contains("conveyor topology apply") && !people.output.contains("✓"), "\(people)")
            let keys = try await site.conveyor(
                "doctor", "--json",
                settings: ["STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_PUBLISHABLE_KEY": "pk_live_1", "STRIPE_API_BASE": "http://127.0.0.1:1"]
            ).rows.first { $0["check"].string == "settings" }
            #expect(keys?["verdict"].string == "failed" && keys?["detail"].string?.contains("STRIPE_PUBLISHABLE_KEY") == true)
        }
    }

    @Test func `without servers, or with a wrong setting, a command ends with one line and its status`() async throws {
        let calls: [(settings: [String: String], status: Int32, text: String)] = [
            ([:], 78, "DATABASE_URL"), (["DATABASE_URL": "nonsense"], 78, "DATABASE_URL"),
            (["DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "START_TIMEOUT": "1"], 69, "database: "),
        ]
        for call in calls {
            let process = try ChildProcess(Repository.executable("conveyor"), ["dead", "list"], environment: call.settings, inherits: false)
            #expect(try await process.waitForExit(within: .seconds(60)) == .status(call.status), "\(process.output)")
            // The log may contain a line about the wait before it.
            let line = process.standardError.split(separator: "\n").last ?? ""
            #expect(line.hasPrefix("conveyor: ") && line.contains(call.text) && process.standardOutput == "", "\(process.output)")
        }
        let unknown = try ChildProcess(Repository.executable("conveyor"), ["raed", "list"], environment: [:], inherits: false)
        #expect(try await unknown.waitForExit(within: .seconds(60)) == .status(64))
        let help = try ChildProcess(Repository.executable("conveyor"), ["--help"], environment: [:], inherits: false)
        #expect(try await help.waitForExit(within: .seconds(60)) == .status(0))
        #expect(help.standardOutput.contains("DATABASE_URL") && help.standardOutput.contains("SUBCOMMANDS"))
    }

    @Test func `cache clear reaches every ingress`() async throws {
        try await withCommandLine { site in
            let bindings = [(exchange: CacheClear.exchange, routingKey: CacheClear.type)]
            try await withConsumer(site.host.amqpURL, queue: .exclusive(bindings: bindings)) { ingress in
                #expect(try await site.conveyor("cache", "clear", "product").status == 0)
                let delivery = try await ingress.takeAndAcknowledge(1)[0]
                #expect(try JSON.decode(CacheClear.self, from: delivery.body).pattern == "product")
                #expect(delivery.properties.headers["actor"] == .string("operator:ada"))
            }
        }
    }
}
