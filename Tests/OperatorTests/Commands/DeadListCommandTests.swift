import Conveyor
import Fixtures
import Testing

/// `conveyor dead list | groups | show`
@Suite struct DeadListCommandTests {
    private static let keys =
        "id, queue, type, message_id, correlation_id, error_type, error, group, attempts, status, first_failed_at, last_failed_at, order_id"

    @Test func `dead letters are listed by any condition, and exit 1 means no match`() async throws {
        try await withCommandLine { site in
            let old = try await site.addDeadLetter(group: "aaaaaaaaaa", error: "no stock", minutesAgo: 300)
            let new = try await site.addDeadLetter(group: "aaaaaaaaaa", error: "no stock")
            let mail = try await site.addDeadLetter(
                queue: "email", type: "email.send", group: "bbbbbbbbbb", error: "mailbox full", payload: #"{"to": "Needle@example.com"}"#,
                minutesAgo: 2)
            let done = try await site.addDeadLetter(queue: "email", type: "order.paid", group: "cccccccccc", minutesAgo: 3)
            #expect(try await site.conveyor("dead", "discard", done, "--reason", "an old one").status == 0)

            let all = try await site.conveyor("dead", "list", "--json")
            #expect(all.status == 0 && all.error == "")
            #expect(try all.column("id") == [new, mail, done, old], "the last to fail first")
            #expect(try all.rows.allSatisfy { $0.lacks(Self.keys).isEmpty })
            #expect(try all.rows[0]["last_failed_at"].string?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
            #expect(try all.rows[0]["order_id"] == .null && all.rows[0]["attempts"] == .int(6))

            func listed(_ conditions: String...) async throws -> [String] {
                let call = try await site.conveyor(["dead", "list", "--json"] + conditions)
                #expect(call.status == (try call.rows.isEmpty ? 1 : 0), "\(conditions)")
                return try call.column("id")
            }
            #expect(try await listed("--queue", "email") == [mail, done])
            #expect(try await listed("--type", "order.paid") == [done])
            #expect(try await listed("--group", "aaaaaaaaaa") == [new, old])
            #expect(try await listed("--status", "open", "--queue", "email") == [mail])
            #expect(try await listed("--status", "discarded") == [done])
            #expect(try await listed("--since", "1h") == [new, mail, done])
            #expect(try await listed("--since", "2020-01-01T00:00:00Z", "--queue", "orders") == [new, old])
            #expect(try await listed("--search", "MAILBOX") == [mail])
            #expect(try await listed("--search", "Needle@") == [mail])
            #expect(try await listed("--search", old) == [old])
            #expect(try await listed("--limit", "2") == [new, mail])
            #expect(try await listed("--queue", "email", "--status", "replayed") == [])

            let table = try await site.conveyor("dead", "list", "--queue", "email")
            #expect(table.status == 0 && table.output.hasPrefix("ID ") && table.output.contains("mailbox full") && !table.output.contains("\u{1b}"))

            let none = try await site.conveyor("dead", "list", "--search", "nothing like it")
            #expect(none.status == 1 && none.output == "" && none.complaint == "no dead letter matches")
            let unknown = try await site.conveyor("dead", "list", "--queue", "oders")
            #expect(unknown.status == 1 && unknown.complaint?.hasPrefix("no queue oders; there are ") == true)
            for wrong in [["--limit", "0"], ["--since", "yesterday"], ["--status", "shut"]] {
                #expect(try await site.conveyor(["dead", "list"] + wrong).status == 64, "\(wrong)")
            }
        }
    }

    @Test func `groups count dead letters by cause with an example, and an empty list is good news`() async throws {
        try await withCommandLine { site in
            let none = try await site.conveyor("dead", "groups")
            #expect(none.status == 0 && none.output == "No open dead letters.\n" && none.error == "")
            #expect(try await site.conveyor("dead", "groups", "--json").output == "[]\n")
            #expect(try await site.conveyor("dead", "groups", "--queue", "email").status == 1)
            for (status, words) in [(nil, "No dead letters.\n"), ("open", "No open dead letters.\n")] {
                let list = try await site.conveyor(["dead", "list"] + (status.map { ["--status", $0] } ?? []))
                #expect(list.status == 0 && list.output == words && list.error == "")
            }
            try await site.addDeadLetters(3, group: "aaaaaaaaaa", error: "no stock", minutesAgo: 60)
            let newest = try await site.addDeadLetter(group: "aaaaaaaaaa", error: "no stock at all")
            let other = try await site.addDeadLetter(queue: "email", type: "email.send", group: "bbbbbbbbbb")
            let groups = try await site.conveyor("dead", "groups", "--json")
            #expect(groups.status == 0)
            let rows = try groups.rows
            #expect(rows.allSatisfy { $0.lacks("group, queue, type, error_type, count, first_seen, last_seen, example").isEmpty })
            #expect(rows.map { $0["group"].string } == ["aaaaaaaaaa", "bbbbbbbbbb"], "the most frequent first")
            #expect(rows.map { $0["count"].integer } == [4, 1])
            #expect(rows.map { $0["example"].string } == [newest, other])
            #expect(try await site.conveyor("dead", "groups", "--queue", "email", "--json").column("group") == ["bbbbbbbbbb"])
            #expect(try await site.conveyor("dead", "groups").output.contains("no stock at all"))
            #expect(try await site.conveyor("dead", "groups", "--queue", "nosuch").status == 1)
        }
    }

    @Test func `show prints a dead letter with its payload byte for byte, by its id or its message's`() async throws {
        try await withCommandLine { site in
            let payload = #"{"big": 12345678901234567890.10, "text": "é\u0000"}"#
            let id = try await site.addDeadLetter(payload: payload)
            let message = try #require(try await site.database.value("select message_id from dead_letters where id = '\(id)'"))
            let shown = try await site.conveyor("dead", "show", id, "--json")
            #expect(shown.status == 0)
            #expect(try shown.json.lacks(Self.keys + ", payload, headers, history").isEmpty)
            #expect(shown.output.contains(#""payload":\#(payload)"#), "number for number")
            #expect(try await site.conveyor("dead", "show", message, "--json").json["id"].string == id)
            #expect(try await site.conveyor("dead", "show", "--payload", id).output == payload)
            let people = try await site.conveyor("dead", "show", id)
            #expect(people.output.contains("attempts_exhausted: no stock") && people.output.contains("dead replay --edit"))
            #expect(people.output.contains("a replay would fail again: not the JSON of orders.cancel: order_id is missing"))

            let rubbish = try await site.addDeadLetter(payload: "no JSON \u{1b}[31m")
            let raw = try await site.conveyor("dead", "show", rubbish, "--json").json
            #expect(raw["payload"].string == "no JSON \u{1b}[31m" && raw["payload_base64"].string == "bm8gSlNPTiAbWzMxbQ==")
            #expect(try await !site.conveyor("dead", "show", rubbish).output.contains("\u{1b}"), "no payload moves the cursor")

            for unknown in ["00000000-0000-4000-8000-000000000000", "no id"] {
                let call = try await site.conveyor("dead", "show", unknown)
                #expect(call.status == 1 && call.complaint?.hasPrefix("no dead letter \(unknown)") == true && call.output == "")
            }
        }
    }
}
