import Fixtures
import Testing

/// The audit log.
@Suite struct ConsoleAuditTests {
    private static let valid = #"{"order_id": "3d3c5a9e-0f6b-4f43-9a51-0a4a3c1f2b10", "reason": "changed my mind"}"#

    /// The rows of the table: actor, action and subject.
    private func rows(_ page: WebClient.Page) -> [String] {
        page.text.matches(
            of: /data-label="Who">([^<]*)<\/td>\s*<td data-label="Act"><span class="badge">([^<]*)<\/span><\/td>\s*<td[^>]*>(?:<a[^>]*>)?([^<]*)</
        )
        .map { "\($0.output.1) \($0.output.2) \($0.output.3)" }
    }

    @Test func `actions are listed newest first, of all or one person, and a bulk action is one line`() async throws {
        try await withConsole { console in
            let (ada, eve) = (try await console.signedIn(), try await console.signedIn(name: "eve"))
            try await console.addDeadLetters(1100, group: "aaaaaaaaaa", payload: Self.valid)
            let two = try await console.addDeadLetters(2, group: "bbbbbbbbbb")
            let one = try await console.addDeadLetter(group: "cccccccccc", payload: Self.valid)
            #expect(try await eve.submit("/queues/email/pause").status == 303)
            let job = try #require(
                try await ada.submit("/dead/replay", [("group", "aaaaaaaaaa"), ("rate", "5000"), ("canary", "0")]).location?.prefix { $0 != "?" })
            try await eventually("the job to end") { try await ada.get(String(job)).text.contains(#"<span class="badge done""#) }
            #expect(try await ada.submit("/dead/discard", [("ids", two.joined(separator: ",")), ("reason", "a test")]).status == 303)
            #expect(try await eve.submit("/dead/\(one)/replay").status == 303)

            let page = try await ada.get("/audit")
            #expect(
                self.rows(page) == [
                    "operator:eve replay \(one)", "operator:ada discard 2 dead letters", "operator:ada replay 1,100 dead letters",
                    "operator:eve pause email",
                ])
            #expect(page.text.contains("href=\"\(job)\"") && page.text.contains("href=\"/dead/\(one)\"") && page.text.contains("a test"))
            #expect(self.rows(try await ada.get("/audit?actor=operator:eve")).count == 2)
            #expect(self.rows(try await ada.get("/audit?act=discard")) == ["operator:ada discard 2 dead letters"])
            #expect(self.rows(try await ada.get("/audit?actor=operator:nobody")).isEmpty)
        }
    }

    @Test func `a long log is paged`() async throws {
        try await withConsole { console in
            try await console.database.psql(
                "insert into audit_log (actor, act, subject) select 'operator:ada', 'pause', 'queue ' || n from generate_series(1, 230) n")
            let client = try await console.signedIn()
            var (seen, path): ([String], String?) = ([], "/audit?act=pause")
            while let next = path {
                let page = try await client.get(next)
                seen += self.rows(page)
                path = page.text.firstMatch(of: /href="([^"]+)" rel="next"/).map { String($0.output.1).replacing("&amp;", with: "&") }
            }
            #expect(seen == (1...230).reversed().map { "operator:ada pause queue \($0)" })
        }
    }
}
