import Conveyor
import Fixtures
import FoundationEssentials
import RabbitMQ
import Shop
import Testing

extension JSONValue {
    fileprivate var number: Double? {
        switch self {
        case .int(let number): Double(number)
        case .double(let number): number
        default: nil
        }
    }
}

/// `conveyor running | waiting | skip | send | types | schedules | audit-log`, `pause --all`
@Suite struct WorkCommandTests {
    /// Publishes stock adjustments for a missing product; each is rejected.
    /// - Returns: the messages' ids.
    @discardableResult
    private func adjust(_ count: Int, _ site: CommandLineSite, actor: String = "system", sentAt: Int64 = Clock.milliseconds()) async throws -> [ID] {
        let ids = (0..<count).map { ID.v7(milliseconds: UInt64(Clock.milliseconds()) + UInt64($0)) }
        let command = AdjustStock(productID: ID.v7(milliseconds: 1), delta: 1, reason: "a test")
        try await withPublisher(site.host.amqpURL) { publisher in
            for id in ids {
                try await publisher.publish(
                    Outgoing(command, envelope: Envelope(messageID: id, type: AdjustStock.type, actor: actor, sentAt: sentAt), appID: "tests"))
            }
        }
        return ids
    }

    private func problem(of id: ID, _ site: CommandLineSite) async throws -> String? {
        try await eventualValue("message \(id) to be handled") {
            try await site.database.value("select problem ->> 'code' from inbox where message_id = '\(id)'")
        }
    }

    @Test func `a message that a worker has had for a while is listed as running, until it ends`() async throws {
        try await withCommandLine { site in
            try await withPart("inventory-worker", site.settings(of: "inventory")) { _ in
                let database = site.database
                async let lock: Void = {
                    _ = try await database.psql("begin; lock table products in access exclusive mode; select pg_sleep(8); commit")
                }()
                try await eventually("the lock") {
                    try await site.database.value(
                        "select count(*) from pg_locks where mode = 'AccessExclusiveLock' and relation = 'products'::regclass") == "1"
                }
                let id = try await self.adjust(1, site)[0]
                let row = try await eventualValue("it to be listed", every: .milliseconds(200)) {
                    try await site.conveyor("running", "--json").rows.first { $0["message_id"].string == "\(id)" }
                }
                #expect(row.lacks("queue, type, message_id, age_seconds, attempt, worker").isEmpty)
                #expect(row["queue"].string == "inventory" && row["type"].string == AdjustStock.type && row["attempt"] == .int(1))
                try await lock
                try await eventually("it to be gone", every: .milliseconds(200)) { try await site.conveyor("running", "--json").status == 1 }
            }
        }
    }

    @Test func `waiting messages are listed from the queue without counting a delivery, or from the database`() async throws {
        try await withCommandLine { site in
            let ids = try await self.adjust(3, site, actor: "operator:eve")
            let control = try site.host.broker.control()
            func waiting(_ more: String...) async throws -> CommandLineSite.Call {
                try await site.conveyor(["waiting", "--queue", "inventory", "--json"] + more, settings: ["RABBITMQCTL": control])
            }
            let call = try await waiting()
            #expect(call.status == 0, "\(call.error)")
            #expect(try call.column("message_id") == ids.map(\.description))
            let rows = try call.rows
            #expect(rows.allSatisfy { $0.lacks("queue, type, message_id, attempt, age_seconds").isEmpty && $0["source"].string == "queue" })
            #expect(rows.allSatisfy { $0["actor"].string == "operator:eve" && $0["type"].string == AdjustStock.type })
            #expect(try await waiting("--limit", "2").rows.count == 2)
            #expect(try await waiting("--type", "inventory.reserve").status == 1)
            try await withConsumer(site.host.amqpURL, queue: .named("inventory")) { consumer in
                var seen: [Delivery] = []
                while seen.count < 3 { seen += try await consumer.takeAndAcknowledge(1) }
                #expect(seen.allSatisfy { $0.deliveryCount == 0 && !$0.redelivered })
            }

            // Without RABBITMQCTL: messages that a handler has emitted and no worker has handled.
            try await site.database.psql(
                """
                insert into inbox (message_id, correlation_id, sent_at, took_us, attempt, decides, consumer, type, outcome, emitted)
                select m, m, now(), 1, 1, false, 'orders', 'orders.place', 'succeeded',
                    '[{"type": "inventory.reserve", "schema": 1, "exchange": "commands", "payload": {}}, {"type": "order.placed", "schema": 1, "exchange": "events", "payload": {}}]'
                from gen_random_uuid() m
                """)
            let books = try await site.conveyor("waiting", "--queue", "inventory", "--json").rows
            #expect(books.map { $0["type"].string } == ["inventory.reserve"] && books[0]["source"].string == "books")
            #expect(try await site.conveyor("waiting", "--queue", "inventory").error.contains("books"))
            #expect(try await site.conveyor("waiting", "--queue", "nosuch").status == 1)
        }
    }

    @Test func `workers reject the messages of a rule, count them, and stop when it ends`() async throws {
        try await withCommandLine { site in
            try await withPart("inventory-worker", site.settings(of: "inventory")) { _ in
                let since = Timestamp.string(milliseconds: Clock.milliseconds() - 60_000)
                let made = try await site.conveyor(
                    "skip", "--queue", "inventory", "--type", AdjustStock.type, "--actor", "operator:eve", "--since", since, "--reason",
                    "a wrong import")
                #expect(made.status == 0, "\(made.error)")
                let rule = String(made.output.dropLast())
                try await Task.sleep(for: .seconds(3))
                let caught = try await self.adjust(2, site, actor: "operator:eve")
                let others = try await [
                    self.adjust(1, site)[0], self.adjust(1, site, actor: "operator:eve", sentAt: Clock.milliseconds() - 3_600_000)[0],
                ]
                for id in caught { #expect(try await self.problem(of: id, site) == "skipped") }
                for id in others { #expect(try await self.problem(of: id, site) != "skipped") }
                let operation = try await site.conveyor("operations", "\(caught[0])", "--json").json
                #expect(operation["status"].string == "rejected" && operation["problem"]["status"] == .int(409))
                #expect(try await !site.conveyor("operations", "\(caught[0])", "--json").output.contains("a wrong import"))

                let rows = try await site.conveyor("skip", "list", "--json").rows
                #expect(rows[0].lacks("id, queue, type, actor, since, until, reason, by, at, caught, lifted_at").isEmpty)
                #expect(rows[0]["caught"] == .int(2) && rows[0]["by"].string == "operator:ada" && rows[0]["lifted_at"] == .null)
                #expect(try await site.conveyor("skip", "lift", rule).status == 0)
                #expect(try await site.conveyor("skip", "lift", rule).status == 1)
                try await eventually("the rule to be out of force") {
                    let id = try await self.adjust(1, site, actor: "operator:eve")[0]
                    return try await self.problem(of: id, site) != "skipped"
                }
                #expect(try await site.audit(of: "inventory \(rule)").map { $0[1] } == ["skip", "skip_lift"])
            }
            #expect(try await site.conveyor("skip", "--queue", "inventory").status == 64, "a reason is needed")
            #expect(try await site.conveyor("skip", "--queue", "nosuch", "--reason", "a test").status == 1)
        }
    }

    @Test func `a dry run counts the waiting messages of a rule, and creates none`() async throws {
        try await withCommandLine { site in
            try await self.adjust(2, site, actor: "operator:eve")
            try await self.adjust(1, site)
            let control = ["RABBITMQCTL": try site.host.broker.control()]
            let tried = try await site.conveyor("skip", "--queue", "inventory", "--actor", "operator:eve", "--dry-run", "--json", settings: control)
            #expect(try tried.json["would_catch"] == .int(2) && tried.json["looked"] == .int(3))
            #expect(try await site.conveyor("skip", "list").status == 1)
        }
    }

    @Test func `a message is sent if it decodes as its type, at once or later, and a dry run leaves no trace`() async throws {
        try await withCommandLine { site in
            let payload = #"{"order_id": "3d3c5a9e-0f6b-4f43-9a51-0a4a3c1f2b10"}"#
            #expect(try await site.conveyor("send", "orders.cancel", "-", "--dry-run", input: payload).status == 0)
            let wrong = try await site.conveyor("send", "orders.cancel", "-", input: "{}")
            #expect(wrong.status == 1 && wrong.complaint?.contains("order_id is missing") == true)
            #expect(try await site.conveyor("send", "orders.cancle", "-", input: payload).status == 1)
            #expect(try await site.conveyor("send", "orders.cancel", "-", "--delay", "soon", input: payload).status == 64)
            #expect(try await site.waiting(in: "orders") == 0)
            #expect(try await site.database.value("select count(*) from audit_log") == "0")

            let sent = try await site.conveyor("send", "orders.cancel", "-", input: payload)
            let id = String(sent.output.dropLast())
            #expect(sent.status == 0 && ID(id) != nil)
            try await withConsumer(site.host.amqpURL, queue: .named("orders")) { consumer in
                let delivery = try await consumer.takeAndAcknowledge(1)[0]
                #expect(delivery.properties.messageID == id && delivery.properties.headers["actor"] == .string("operator:ada"))
                #expect(delivery.body == Array(payload.utf8))
                let later = try await site.conveyor("send", "orders.cancel", "-", "--delay", "2s", input: payload)
                let began = ContinuousClock.now
                try await withPart("conveyor", site.settings(of: "recorder"), arguments: ["record"]) { _ in
                    let delivery = try await consumer.takeAndAcknowledge(1)[0]
                    #expect(delivery.properties.messageID == String(later.output.dropLast()))
                    #expect(ContinuousClock.now - began > .seconds(1))
                }
            }
            #expect(try await site.audit(of: id) == [["operator:ada", "send", "orders.cancel"]])
        }
    }

    @Test func `statistics distinguish types, for the last hour and the last day`() async throws {
        try await withCommandLine { site in
            #expect(try await site.conveyor("types", "--json").status == 1)
            try await site.database.psql(
                """
                insert into inbox (message_id, correlation_id, sent_at, handled_at, took_us, attempt, decides, consumer, type, outcome)
                select gen_random_uuid(), gen_random_uuid(), t - interval '20 milliseconds', t, 4000, 1, true, 'orders', 'orders.place', 'succeeded'
                from (select now() - interval '1 minute' t from generate_series(1, 3) union all select now() - interval '5 hours') x;
                insert into attempts (message_id, correlation_id, next_at, attempt, queue, type, error_type, error)
                values (gen_random_uuid(), gen_random_uuid(), now(), 1, 'orders', 'orders.place', 'bug', 'no')
                """)
            let row = try await site.conveyor("types", "--json").rows[0]
            #expect(row["type"].string == "orders.place" && row["queue"].string == "orders")
            for span in ["hour", "day"] {
                let keys = "count, rate, failure_share, queue_delay_p50_ms, queue_delay_p95_ms, handling_p50_ms, handling_p95_ms"
                #expect(row[span].lacks(keys).isEmpty)
            }
            #expect(row["hour"]["count"] == .int(3) && row["day"]["count"] == .int(4) && row["hour"]["failure_share"].number == 0.25)
            #expect(row["hour"]["handling_p50_ms"].number == 4 && row["hour"]["queue_delay_p95_ms"].number == 20)
        }
    }

    @Test func `a paused expiry expires nothing, runs once on demand, and goes on when it is resumed`() async throws {
        try await withCommandLine { site in
            func overdue() async throws {
                try await site.database.psql(
                    """
                    with o as (
                        insert into orders (id, user_id, total_amount, status, currency, shipping_address, payment_due_at)
                        values (gen_random_uuid(), gen_random_uuid(), 1, 'awaiting_payment', 'usd', '{}', now()) returning id, payment_due_at
                    )
                    insert into payment_deadlines (due_at, order_id) select payment_due_at, id from o
                    """)
            }
            func left() async throws -> String? { try await site.database.value("select count(*) from payment_deadlines") }
            try await withPart("orders-worker", site.settings(of: "orders")) { _ in
                let row = try await eventualValue("the schedule") {
                    try await site.conveyor("schedules", "--json").rows.first { $0["name"].string == "orders.expiry" && $0["last_at"] != .null }
                }
                #expect(row.lacks("name, every, last_at, next_at, outcome, took_ms, paused").isEmpty)
                #expect(row["every"].string == "1s" && row["outcome"].string == "succeeded" && row["paused"] == .bool(false))
                #expect(try await site.conveyor("schedules", "pause", "orders.expiry").status == 0)
                // One batch was in progress.
                try await eventually("it to rest") { try await site.database.value("select holder is null from schedules") == "t" }
                try await overdue()
                try await Task.sleep(for: .seconds(2))
                #expect(try await left() == "1")
                #expect(try await site.conveyor("schedules", "run", "orders.expiry").status == 0)
                try await eventually("the order to expire") { try await left() == "0" }
                try await overdue()
                try await Task.sleep(for: .seconds(2))
                #expect(try await left() == "1", "it is still paused")
                #expect(try await site.conveyor("schedules", "resume", "orders.expiry").status == 0)
                try await eventually("the order to expire", within: .seconds(3)) { try await left() == "0" }
            }
            #expect(
                try await site.audit(of: "orders.expiry").map { $0[1] } == ["schedule_pause", "schedule_run", "schedule_resume"])
            #expect(try await site.conveyor("schedules", "run", "nosuch").status == 1)
        }
    }

    @Test func `all queues are paused with a reason, and the audit log lists the operators`() async throws {
        try await withCommandLine { site in
            #expect(try await site.conveyor("pause", "--all", "--reason", "the database moves").status == 0)
            let rows = try await site.conveyor("queues", "--json").rows
            #expect(rows.allSatisfy { $0["paused"] == .bool(true) && $0["paused_by"].string == "operator:ada" && $0["paused_at"] != .null })
            #expect(rows.allSatisfy { $0["paused_reason"].string == "the database moves" })
            #expect(try await site.conveyor("resume", "--all", settings: ["CONVEYOR_OPERATOR": "eve"]).status == 0)
            let open = try await site.conveyor("queues", "--json").rows
            #expect(open.allSatisfy { $0["paused"] == .bool(false) && $0["paused_by"] == .null && $0["paused_reason"] == .null })
            #expect(try await site.conveyor("pause").status == 64)

            let log = try await site.conveyor("audit-log", "--json").rows
            #expect(log.count == 2 * rows.count && log.allSatisfy { $0.lacks("at, actor, act, subject, reason").isEmpty })
            #expect(log.first?["act"].string == "resume", "the newest first")
            #expect(try await site.conveyor("audit-log", "--actor", "eve", "--json").rows.count == rows.count)
            #expect(try await site.conveyor("audit-log", "--act", "pause", "--since", "1h", "--json").rows.count == rows.count)
            #expect(try await site.conveyor("audit-log", "--actor", "nobody", "--json").status == 1)
        }
    }
}
