import Fixtures
import Testing
import Transfer

/// Dead letters: listed, found, repaired, replayed, discarded.
@Suite struct ConsoleDeadLetterTests {
    private static let order = "3d3c5a9e-0f6b-4f43-9a51-0a4a3c1f2b10"
    private static let valid = #"{"order_id": "\#(order)", "reason": "changed my mind"}"#

    @Test func `dead letters are listed with their causes, and filtered by queue, type, cause, status and text`() async throws {
        try await withConsole { console in
            let client = try await console.signedIn()
            let ids = [
                try await console.addDeadLetter(queue: "orders", type: "orders.cancel", group: "aaaaaaaaaa", error: "no stock"),
                try await console.addDeadLetter(queue: "email", type: "email.send", group: "bbbbbbbbbb", error: "mailbox full"),
                try await console.addDeadLetter(queue: "email", type: "order.paid", group: "cccccccccc", payload: #"{"needle":"in a haystack"}"#),
            ]
            _ = try await client.submit("/dead/\(ids[2])/discard", [("reason", "an old one")])
            func shown(_ query: String) async throws -> [Bool] {
                let page = try await client.get("/dead" + query)
                return ids.map { page.text.contains("href=\"/dead/\($0)\"") }
            }
            #expect(try await shown("") == [true, true, false], "those that are open")
            #expect(try await shown("?status=") == [true, true, true])
            #expect(try await shown("?queue=email") == [false, true, false])
            #expect(try await shown("?queue=email&status=") == [false, true, true])
            #expect(try await shown("?status=open") == [true, true, false])
            #expect(try await shown("?type=orders.cancel") == [true, false, false])
            #expect(try await shown("?group=bbbbbbbbbb") == [false, true, false])
            #expect(try await shown("?q=haystack") == [false, false, true])
            #expect(try await shown("?q=\(ids[1])") == [false, true, false])
            #expect(try await shown("?queue=orders&status=discarded") == [false, false, false])
            let page = try await client.get("/dead?status=open")
            #expect(page.text.contains("mailbox full") && page.text.contains("/dead/replay?group=bbbbbbbbbb"))
        }
    }

    @Test func `a long list is paged without repetition and omission`() async throws {
        try await withConsole { console in
            var expected: Set<String> = []
            for minute in 0..<6 {
                // Those of one minute failed at the same moment, so their ids decide the order.
                expected.formUnion(try await console.addDeadLetters(minute == 3 ? 50 : 11, minutesAgo: minute))
            }
            let client = try await console.signedIn()
            var seen: [String] = []
            var path: String? = "/dead?queue=orders"
            while let next = path {
                let page = try await client.get(next)
                seen += page.text.matches(of: /class="mono break" href="\/dead\/([0-9a-f-]{36})"/).map { String($0.output.1) }
                path = page.text.firstMatch(of: /href="([^"]+)" rel="next"/).map { String($0.output.1).replacing("&amp;", with: "&") }
            }
            #expect(seen.count == expected.count)
            #expect(Set(seen) == expected)
        }
    }

    @Test func `external text stays text`() async throws {
        try await withConsole { console in
            // A combining accent and a quote form another character, which escaping by characters would leave unescaped.
            let hostile = "\"\u{301} onmouseover=alert(1) <script>alert(2)</script> </textarea></pre> ' & \u{202E}reversed \u{7} {{title}}"
            let id = try await console.addDeadLetter(
                type: hostile, group: "dddddddddd", error: hostile, payload: #"{"a": "\#(hostile.dropFirst(2))"}"#)
            let raw = try await console.addDeadLetter(payload: hostile)
            let client = try await console.signedIn(name: "<script>alert(3)</script>")
            let query = "/dead?q=%22%CC%81%20onmouseover%3Dalert(1)%20%3Cscript%3E"
            for path in ["/", "/dead", query, "/dead/\(id)", "/dead/\(raw)", "/search?q=%3Cscript%3Ealert(9)%3C%2Fscript%3E", "/dead/%3Cscript%3E"] {
                let page = try await client.get(path)
                #expect(page.text.matches(of: /<script/).count == 1, "\(path): only our own script")
                // Unescaped, the quote would end an attribute.
                #expect(page.text.firstRange(of: "\"\u{301}") == nil && !page.text.utf8.elementsContain("\"\u{301}".utf8), "\(path)")
                #expect(!page.text.unicodeScalars.contains("\u{202E}") || page.text.contains("<textarea"), "\(path)")
                #expect(!page.text.contains("</textarea></pre>"), "\(path)")
            }
            let page = try await client.get("/dead/\(raw)")
            #expect(page.text.contains("&lt;script&gt;alert(2)&lt;/script&gt;") && page.text.contains("⟨U+202E⟩") && page.text.contains("{{title}}"))
        }
    }

    @Test func `a payload of a megabyte is shown in part, whole on request, and can be downloaded unchanged`() async throws {
        try await withConsole { console in
            let payload = #"{"text": ""# + String(repeating: "<b>x</b>", count: 140_000) + #""}"#
            let id = try await console.addDeadLetter()
            try await console.database.psql(
                "update dead_letters set payload = convert_to('{\"text\": \"' || repeat('<b>x</b>', 140000) || '\"}', 'UTF8') where id = '\(id)'")
            let client = try await console.signedIn()
            let page = try await client.get("/dead/\(id)")
            #expect(page.text.utf8.count < 1 << 20)
            #expect(page.text.contains("1.1 MiB") && page.text.contains("?full=1") && !page.text.contains("<textarea"))
            let whole = try await client.get("/dead/\(id)?full=1")
            #expect(whole.text.contains("<textarea") && !whole.text.contains("<b>x</b>"))
            let file = try await client.get("/dead/\(id)/payload")
            #expect(file.text == payload)
            #expect(file.headers["Content-Disposition"]?.hasPrefix("attachment") == true)
            #expect(file.headers["Content-Type"] == "application/octet-stream")
        }
    }

    @Test func `a binary payload is shown in hexadecimal`() async throws {
        try await withConsole { console in
            let id = try await console.addDeadLetter()
            try await console.database.psql(#"update dead_letters set payload = '\x00ff00014142' where id = '\#(id)'"#)
            #expect(try await console.signedIn().get("/dead/\(id)").text.contains("00 ff 00 01 41 42"))
        }
    }

    @Test func `a replayed dead letter is sent to its queue once and closed, and its history names the operator`() async throws {
        try await withConsole { console in
            let id = try await console.addDeadLetter(payload: Self.valid)
            let client = try await console.signedIn()
            #expect(try await client.submit("/dead/\(id)/replay").location?.hasPrefix("/dead/\(id)") == true)
            #expect(try await console.status(of: id) == "replayed")
            #expect(try await console.waiting(in: "orders") == 1)
            #expect(try await console.audit(of: id) == [["operator:ada", "replay", nil]])
            let again = try await client.submit("/dead/\(id)/replay")
            #expect(again.status == 409)
            #expect(again.text.contains("was replayed before"))
            #expect(try await console.waiting(in: "orders") == 1)
        }
    }

    @Test func `a refused edit shows the reason and keeps the text, and a valid one replaces the original`() async throws {
        try await withConsole { console in
            let id = try await console.addDeadLetter(payload: #"{"order_id": 12}"#)
            let client = try await console.signedIn()
            let mine = "{\"order_id\": \"twelve & <more>\",\r\n \"mine\": true}"
            let refused = try await client.submit("/dead/\(id)/replay", [("payload", mine)])
            #expect(refused.status == 422)
            #expect(refused.text.contains("Nothing was sent") && refused.text.contains("order_id"))
            #expect(refused.text.contains("{&quot;order_id&quot;: &quot;twelve &amp; &lt;more&gt;&quot;,\n &quot;mine&quot;: true}</textarea>"))
            #expect(try await console.status(of: id) == "open")
            #expect(try await console.waiting(in: "orders") == 0)

            #expect(try await client.submit("/dead/\(id)/replay", [("payload", Self.valid)]).status == 303)
            #expect(try await console.status(of: id) == "replayed")
            #expect(try await console.waiting(in: "orders") == 1)
            #expect(try await console.audit(of: id).map { $0[1] } == ["edit"])
            let page = try await client.get("/dead/\(id)")
            #expect(page.text.contains("− /order_id  12") && page.text.contains("+ /reason") && !page.text.contains("Replay as it is"))
            let replacement = try #require(try await console.database.value("select replaced_by from dead_letters where id = '\(id)'"))
            #expect(page.text.contains("/trace/\(replacement)"))
        }
    }

    @Test func `a payload with only other white space is not an edit`() async throws {
        try await withConsole { console in
            let id = try await console.addDeadLetter(payload: Self.valid)
            let client = try await console.signedIn()
            let text = Self.valid.replacing(", ", with: ",\r\n    ")
            #expect(try await client.submit("/dead/\(id)/replay", [("payload", text)]).status == 303)
            #expect(try await console.audit(of: id).map { $0[1] } == ["replay"])
        }
    }

    @Test func `a discard needs a reason, which the audit log keeps`() async throws {
        try await withConsole { console in
            let id = try await console.addDeadLetter()
            let client = try await console.signedIn(name: "grace")
            #expect(try await client.submit("/dead/\(id)/discard", [("reason", "  ")]).status == 422)
            #expect(try await console.status(of: id) == "open")
            #expect(try await client.submit("/dead/\(id)/discard", [("reason", "the bank's test")]).status == 303)
            #expect(try await console.status(of: id) == "discarded")
            #expect(try await console.audit(of: id) == [["operator:grace", "discard", "the bank's test"]])
            #expect(try await client.submit("/dead/\(id)/discard", [("reason", "again")]).status == 409)
            let audit = try await client.get("/audit")
            #expect(audit.text.contains("operator:grace") && audit.text.contains("the bank&#39;s test") && audit.text.contains("/dead/\(id)"))
        }
    }

    @Test func `a missing object gets a page that says so`() async throws {
        try await withConsole { console in
            let client = try await console.signedIn()
            let unknown = "00000000-0000-7000-8000-000000000000"
            for path in [
                "/dead/\(unknown)", "/dead/x", "/dead?group=0000000000", "/dead?queue=nosuch", "/jobs/\(unknown)", "/jobs/x", "/trace/\(unknown)",
                "/trace/x", "/nosuch", "/dead/replay?group=0000000000", "/dead/\(unknown)/payload",
            ] {
                let page = try await client.get(path)
                #expect(page.status == 404, "\(path)")
                #expect(page.text.contains("<nav") && page.text.contains("404"), "\(path)")
            }
            for path in [
                "/dead/\(unknown)/replay", "/dead/\(unknown)/discard", "/queues/nosuch/pause", "/jobs/\(unknown)/stop", "/dead/replay", "/nosuch",
            ] {
                #expect(try await client.submit(path, [("group", "0000000000"), ("reason", "x")]).status == 404, "\(path)")
            }
        }
    }
}

extension Sequence<UInt8> {
    /// Whether it contains these bytes in sequence.
    fileprivate func elementsContain(_ other: some Sequence<UInt8>) -> Bool { Array(self).firstRange(of: Array(other)) != nil }
}
