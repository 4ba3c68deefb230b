import Conveyor
import Fixtures
import FoundationEssentials
import RabbitMQ
import Testing

/// `conveyor dead replay | discard`
@Suite struct DeadReplayCommandTests {
    private static let order = "3d3c5a9e-0f6b-4f43-9a51-0a4a3c1f2b10"
    private static let valid = #"{"order_id": "\#(order)", "reason": "changed my mind"}"#

    @Test func `a replayed dead letter is sent to its queue once, as its first attempt`() async throws {
        try await withCommandLine { site in
            let id = try await site.addDeadLetter(payload: Self.valid)
            let message = try #require(try await site.database.value("select message_id from dead_letters where id = '\(id)'"))

            let plan = try await site.conveyor("dead", "replay", id, "--dry-run", "--json")
            #expect(plan.status == 0)
            #expect(try plan.json["would_run"] == .int(1))
            #expect(try await site.status(of: id) == "open")
            #expect(try await site.waiting(in: "orders") == 0)

            let sent = try await site.conveyor("dead", "replay", id, "--json")
            #expect(sent.status == 0)
            #expect(
                try sent.json["message_id"].string == message && sent.json["status"].string == "replayed" && sent.json["queue"].string == "orders")
            #expect(try await site.audit(of: id) == [["operator:ada", "replay", nil]])

            let again = try await site.conveyor("dead", "replay", message)
            #expect(again.status == 1 && again.complaint == "\(id) was replayed before and has not come back")
            let delivery = try await withConsumer(site.host.amqpURL, queue: .named("orders")) { try await $0.takeAndAcknowledge(1)[0] }
            #expect(delivery.properties.messageID == message && delivery.properties.type == "orders.cancel")
            #expect(delivery.properties.headers["attempt"] == .int(1) && delivery.properties.headers["x-death"] == nil)
            #expect(String(decoding: delivery.body, as: UTF8.self) == Self.valid)
            #expect(try await site.waiting(in: "orders") == 0)

            let unknown = try await site.conveyor("dead", "replay", "00000000-0000-4000-8000-000000000000")
            #expect(unknown.status == 1 && unknown.complaint?.hasPrefix("no dead letter ") == true)
            for usage in [[], [id, "--group", "g1"], ["--group", "g1", "--edit", "-"], [id, "--rate", "0"]] {
                #expect(try await site.conveyor(["dead", "replay"] + usage).status == 64, "\(usage)")
            }
        }
    }

    @Test func `an edited message gets a new id, closes the dead letter, and the history shows the difference`() async throws {
        try await withCommandLine { site in
            let id = try await site.addDeadLetter(payload: #"{"order_id": 7, "reason": "changed my mind"}"#)
            let message = try #require(try await site.database.value("select message_id from dead_letters where id = '\(id)'"))
            for wrong in [#"{"order_id": "no id"}"#, "[]", "", "\u{feff}nonsense"] {
                let refused = try await site.conveyor("dead", "replay", "--edit", "-", id, input: wrong)
                #expect(refused.status == 1 && refused.complaint?.hasPrefix("not the JSON of orders.cancel: ") == true, "\(wrong)")
            }
            #expect(try await site.conveyor("dead", "replay", "--edit", "/no/such/file", id).status == 64)
            #expect(try await site.status(of: id) == "open")

            let dry = try await site.conveyor("dead", "replay", "--edit", "-", "--dry-run", id, input: Self.valid)
            #expect(dry.status == 0)
            #expect(
                try dry.json
                    == .array([
                        .object([
                            "op": .string("replace"), "path": .string("/order_id"), "old": .int(7), "value": .string(Self.order),
                        ])
                    ]))
            #expect(try await site.waiting(in: "orders") == 0)

            let file = try Scratch.folder("edit").appending(path: "payload.json")
            try Data(Self.valid.utf8).write(to: file)
            let sent = try await site.conveyor("dead", "replay", "--edit", file.path, id, "--json")
            #expect(sent.status == 0)
            let replacement = try #require(try sent.json["message_id"].string)
            #expect(replacement != message)
            let shown = try await site.conveyor("dead", "show", id, "--json").json
            #expect(shown["status"].string == "replayed")
            let entry = try #require(shown["history"].array.first)
            #expect(entry.lacks("at, actor, act, reason, diff").isEmpty)
            #expect(entry["act"].string == "edit" && entry["actor"].string == "operator:ada" && entry["message_id"].string == replacement)
            #expect(entry["diff"].array.map { $0["path"].string } == ["/order_id"])

            let delivery = try await withConsumer(site.host.amqpURL, queue: .named("orders")) { try await $0.takeAndAcknowledge(1)[0] }
            #expect(delivery.properties.messageID == replacement && String(decoding: delivery.body, as: UTF8.self) == Self.valid)
            #expect(delivery.properties.headers["replaces"] == .string(message) && delivery.properties.headers["causation-id"] == .string(message))
            #expect(delivery.properties.correlationID == message, "the same operation")
            #expect(
                try await site.database.psql("select attempt, decides, consumer, emitted from inbox where message_id = '\(message)'")
                    == [["0", "f", "orders", nil]], "the original counts as handled")
            let original = try await site.conveyor("dead", "replay", id)
            #expect(original.status == 1 && original.complaint == "\(id) was edited: message \(replacement) took its place")
        }
    }

    @Test func `a group or a queue is replayed at its rate, without undecodable ones`() async throws {
        try await withCommandLine { site in
            try await site.addDeadLetters(6, group: "aaaaaaaaaa", payload: Self.valid)
            let poison = try await site.addDeadLetter(group: "aaaaaaaaaa", payload: "no JSON")
            try await site.addDeadLetters(2, queue: "email", type: "email.send", group: "bbbbbbbbbb", payload: "{}")

            let plan = try await site.conveyor("dead", "replay", "--group", "aaaaaaaaaa", "--dry-run", "--json").json
            #expect(
                plan["total"] == .int(7) && plan["would_run"] == .int(6) && plan["already_applied"] == .int(0) && plan["does_not_decode"] == .int(1))
            #expect(plan["reasons"].array.count == 1)
            #expect(try await site.conveyor("dead", "replay", "--group", "aaaaaaaaaa", "--dry-run").output.contains("stay behind"))
            #expect(try await site.waiting(in: "orders") == 0)

            let started = ContinuousClock.now
            let job = try await site.conveyor("dead", "replay", "--group", "aaaaaaaaaa", "--rate", "5/s", "--json")
            #expect(ContinuousClock.now - started > .milliseconds(950), "one at once and five more in a second")
            #expect(job.status == 0)
            #expect(try job.json["done"] == .int(6) && job.json["failed"] == .int(1) && job.json["left"] == .int(0))
            #expect(try await site.waiting(in: "orders") == 6)
            #expect(try await site.status(of: poison) == "open")

            let jobs = try await site.conveyor("dead", "jobs", "--json").rows
            #expect(jobs.count == 1 && jobs[0].lacks("id, filter, total, done, left, failed, rate, status, by, at").isEmpty)
            #expect(jobs[0]["rate"] == .int(5) && jobs[0]["status"].string == "done" && jobs[0]["by"].string == "operator:ada")

            // Only undecodable messages remain in the group, and in a whole queue of such messages.
            let none = try await site.conveyor("dead", "replay", "--group", "aaaaaaaaaa")
            #expect(none.status == 1 && none.complaint == "none of them would succeed: edit or discard them")
            #expect(try await site.conveyor("dead", "replay", "--queue", "inventory").complaint == "no open dead letter matches")
            #expect(try await site.conveyor("dead", "replay", "--queue", "nosuch").complaint?.hasPrefix("no queue nosuch") == true)
            #expect(try await site.conveyor("dead", "replay", "--group", "nosuch").complaint == "no group nosuch")
            for act in ["resume", "stop"] {
                let finished = try await site.conveyor("dead", act, try #require(jobs[0]["id"].string))
                #expect(finished.status == 1 && finished.complaint?.hasSuffix("is done") == true)
                let unknown = try await site.conveyor("dead", act, "00000000-0000-4000-8000-000000000000")
                #expect(unknown.status == 1 && unknown.complaint?.hasPrefix("no replay job ") == true)
            }
        }
    }

    @Test func `messages older than the inbox stay behind in bulk, and count as sent now with force`() async throws {
        try await withCommandLine { site in
            let one = try await site.addDeadLetter(payload: Self.valid)
            let group = try await site.addDeadLetters(2, group: "aaaaaaaaaa", payload: Self.valid)
            try await site.addDeadLetter(group: "aaaaaaaaaa", payload: Self.valid)
            // The shop is a year old, and earlier weeks were dropped.
            try await site.database.psql("update schema_migrations set applied_at = now() - interval '1 year'")
            let old = ([one] + group).map { "'\($0)'" }.joined(separator: ",")
            try await site.database.psql("update dead_letters set sent_at = now() - interval '60 days' where id in (\(old))")

            let refused = try await site.conveyor("dead", "replay", one)
            #expect(refused.status == 1 && refused.complaint?.contains("may have taken effect") == true)
            let plan = try await site.conveyor("dead", "replay", "--group", "aaaaaaaaaa", "--dry-run", "--json").json
            #expect(plan["would_run"] == .int(1) && plan["forgotten"] == .int(2) && plan["does_not_decode"] == .int(0))
            #expect(try await site.conveyor("dead", "replay", "--group", "aaaaaaaaaa").status == 0)
            #expect(try await site.waiting(in: "orders") == 1)
            for id in group { #expect(try await site.status(of: id) == "open") }

            let before = Clock.milliseconds()
            #expect(try await site.conveyor("dead", "replay", one, "--force").status == 0)
            let forced = try await site.conveyor("dead", "replay", "--group", "aaaaaaaaaa", "--force")
            #expect(forced.status == 0, "\(forced)")
            let deliveries = try await withConsumer(site.host.amqpURL, queue: .named("orders")) { try await $0.takeAndAcknowledge(4) }
            #expect(deliveries.count == 4)
            for delivery in deliveries.suffix(3) { #expect(delivery.properties.headers["timestamp_in_ms"]?.int ?? 0 >= before) }
        }
    }

    @Test func `a discarded dead letter is kept with the reason, counts as handled, and can still be edited`() async throws {
        try await withCommandLine { site in
            let ids = try await site.addDeadLetters(3, group: "aaaaaaaaaa", payload: Self.valid)
            #expect(try await site.conveyor("dead", "discard", ids[0]).status == 64, "without a reason")
            #expect(try await site.conveyor("dead", "discard", ids[0], "--reason", " ").status == 64)
            let one = try await site.conveyor("dead", "discard", ids[0], "--reason", "a test order", "--json")
            #expect(one.status == 0)
            #expect(try one.json == .array([.string(ids[0])]))
            #expect(try await site.audit(of: ids[0]) == [["operator:ada", "discard", "a test order"]])
            let twice = try await site.conveyor("dead", "discard", ids[0], "--reason", "again")
            #expect(twice.status == 1 && twice.complaint == "\(ids[0]) is discarded, not open")

            let group = try await site.conveyor("dead", "discard", "--group", "aaaaaaaaaa", "--reason", "all of them")
            #expect(group.status == 0 && group.output == "discarded 2\n")
            let none = try await site.conveyor("dead", "discard", "--group", "aaaaaaaaaa", "--reason", "all of them")
            #expect(none.status == 1 && none.complaint == "no open dead letter of group aaaaaaaaaa")

            let closed = "select attempt, decides, consumer from inbox i join dead_letters d on d.message_id = i.message_id where d.id = '\(ids[1])'"
            #expect(try await site.database.psql(closed) == [["0", "f", "orders"]])
            let replay = try await site.conveyor("dead", "replay", ids[1])
            #expect(replay.status == 1 && replay.complaint?.hasPrefix("\(ids[1]) is discarded, and its message counts as handled") == true)
            #expect(try await site.waiting(in: "orders") == 0)
            #expect(try await site.conveyor("dead", "replay", "--edit", "-", ids[1], input: Self.valid).status == 0)
            #expect(try await site.status(of: ids[1]) == "replayed")
            #expect(try await site.waiting(in: "orders") == 1)
            #expect(try await site.database.psql(closed) == [["0", "f", "orders"]])
        }
    }

    @Test func `a message older than the inbox is replayed only with force`() async throws {
        try await withCommandLine { site in
            let ids = try await site.addDeadLetters(2, payload: Self.valid)
            // The shop is a year old, and earlier weeks were dropped.
            try await site.database.psql("update schema_migrations set applied_at = now() - interval '1 year'")
            try await site.database.psql("update dead_letters set sent_at = now() - interval '40 days'")
            for edit in [[], ["--edit", "-"]] {
                let refused = try await site.conveyor(["dead", "replay", ids[0]] + edit, input: edit.isEmpty ? nil : Self.valid)
                #expect(refused.status == 1 && refused.complaint?.contains("--force") == true, "\(refused.error)")
            }
            #expect(try await site.waiting(in: "orders") == 0)
            let many = try await site.conveyor("dead", "replay", ids[0], ids[1])
            #expect(many.status == 1, "not by the way, among others")
            #expect(try await site.waiting(in: "orders") == 0)
            #expect(try await site.conveyor("dead", "replay", ids[0], "--force").status == 0)
            #expect(try await site.conveyor("dead", "replay", ids[1], "--force", "--edit", "-", input: Self.valid).status == 0)
            #expect(try await site.waiting(in: "orders") == 2)
        }
    }
}
