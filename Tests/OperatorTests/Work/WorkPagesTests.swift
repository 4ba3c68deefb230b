import Fixtures
import Testing

@testable import ConveyorOperator
@testable import Operator

/// `/running`, `/waiting`, `/skip`, `/send`, `/types`, `/schedules`
@Suite struct WorkPagesTests {
    @Test func `each page works without JavaScript, and shows a viewer no form`() async throws {
        try await withConsole { console in
            let client = try await console.signedIn()
            try await console.addPerson("eve", role: .viewer)
            let viewer = try await console.signedIn(as: "eve", password: RolesTests.password)
            for path in ["/running", "/waiting", "/waiting?queue=orders&type=orders.place", "/skip", "/types", "/schedules"] {
                #expect(try await client.get(path).status == 200, "\(path)")
                let page = try await viewer.get(path)
                #expect(page.status == 200 && !page.text.contains(#"method="post" action="/s"#), "\(path)")
            }
            #expect(try await client.get("/waiting?queue=nosuch").status == 404)
            #expect(try await viewer.get("/send").status == 403)

            let rule = [("queue", "email"), ("type", "email.send"), ("reason", "a <test>"), ("do", "skip")]
            #expect(try await client.submit("/skip", rule + [("since", "yesterday")]).status == 422)
            #expect(try await client.submit("/skip", rule).location == "/skip?notice=skipping")
            let page = try await client.get("/skip")
            #expect(page.text.contains("a &lt;test&gt;") && page.text.contains("/skip/1/lift"))
            #expect(try await client.submit("/skip", [("queue", "email"), ("do", "try")]).text.contains("It would catch 0 of 0 messages"))
            #expect(try await client.submit("/skip", [("queue", "email"), ("do", "skip")]).status == 422)
            #expect(try await client.submit("/skip/1/lift").status == 303)
            #expect(try await !client.get("/skip").text.contains("/skip/1/lift"))

            let order = #"{"order_id": "3d3c5a9e-0f6b-4f43-9a51-0a4a3c1f2b10"}"#
            let tried = try await client.submit("/send", [("type", "orders.cancel"), ("payload", order), ("do", "try")])
            #expect(tried.status == 200 && tried.text.contains("Nothing was sent"))
            #expect(
                try await client.submit("/send", [("type", "orders.cancel"), ("payload", "{}"), ("do", "send")]).text.contains("order_id is missing"))
            #expect(
                try await client.submit("/send", [("type", "orders.cancel"), ("payload", order), ("do", "send")]).location?.hasPrefix("/trace/")
                    == true)
            #expect(try await console.waiting(in: "orders") == 1)

            try await console.database.psql("insert into schedules (name, every, next_at) values ('a.b', '5m', now())")
            #expect(try await client.submit("/schedules/a.b/pause").location == "/schedules?notice=schedule_paused")
            #expect(try await client.get("/schedules").text.contains("/schedules/a.b/resume"))
            #expect(try await client.submit("/queues/all/pause", [("reason", "we move")]).status == 303)
            #expect(try await client.get("/").text.contains("orders is paused by operator:ada (we move)"))
        }
    }
}
