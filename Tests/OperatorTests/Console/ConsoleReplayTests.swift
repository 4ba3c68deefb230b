import Fixtures
import Glibc
import Testing

/// Bulk replays and discards, paused queues, and the search.
@Suite struct ConsoleReplayTests {
    private static let valid = #"{"order_id": "3d3c5a9e-0f6b-4f43-9a51-0a4a3c1f2b10"}"#

    private func job(_ page: WebClient.Page) throws -> String {
        try #require(page.location?.wholeMatch(of: /\/jobs\/([0-9a-f-]{36})/).map { String($0.output.1) }, "\(page.status) \(page.text)")
    }

    private func isDone(_ job: String, _ console: ConsoleFixture) async throws -> Bool {
        try await console.database.value("select status from replay_jobs where id = '\(job)'") == "done"
    }

    @Test func `a replay shows its plan first, and after the confirmation its job sends everything`() async throws {
        try await withConsole { console in
            try await console.addDeadLetters(7, group: "eeeeeeeeee", payload: Self.valid)
            let broken = try await console.addDeadLetter(group: "eeeeeeeeee", payload: "not json")
            let client = try await console.signedIn()
            let plan = try await client.get("/dead/replay?group=eeeeeeeeee")
            #expect(plan.text.contains("Replay 8 dead letters") && plan.text.contains("1 × not the JSON of orders.cancel"))
            let ids = try #require(plan.hidden("ids"))
            // A dead letter that arrives meanwhile is not part of the confirmed plan.
            let late = try await console.addDeadLetter(group: "eeeeeeeeee", payload: Self.valid)

            let page = try await client.submit("/dead/replay", [("ids", ids), ("group", "eeeeeeeeee"), ("rate", "100/s"), ("canary", "0")])
            #expect(page.status == 303)
            let job = try self.job(page)
            #expect(try await client.get("/jobs/\(job)").text.contains("<progress"))
            try await eventually("the job to end") { try await self.isDone(job, console) }
            #expect(try await console.waiting(in: "orders") == 7)
            #expect(try await console.status(of: late) == "open")
            #expect(try await console.status(of: broken) == "open")
            let done = try await client.get("/jobs/\(job)").text
            #expect(done.contains("100 %") && done.contains("operator:ada") && done.contains("100 a second"))
            #expect(try await client.get("/jobs").text.contains("/jobs/\(job)"))
        }
    }

    @Test func `a replay takes ids separated by commas, a group, or a queue, and refuses other input`() async throws {
        try await withConsole { console in
            let client = try await console.signedIn()
            let ids = [try await console.addDeadLetter(payload: Self.valid), try await console.addDeadLetter(payload: Self.valid)]
            try await console.addDeadLetter(group: "ffffffffff", payload: Self.valid)
            try await console.addDeadLetter(queue: "email", type: "email.send")
            for wrong in [[("ids", "x")], [("group", "0000000000")], [("queue", "nosuch")]] {
                #expect(try await client.submit("/dead/replay", wrong).status == 404)
            }
            for wrong in [[], [("queue", "orders"), ("rate", "-1")], [("queue", "orders"), ("canary", "many")]] {
                #expect(try await client.submit("/dead/replay", wrong).status == 422)
            }
            let byIDs = try self.job(try await client.submit("/dead/replay", [("ids", ids.joined(separator: ","))]))
            try await eventually("the job to end") { try await self.isDone(byIDs, console) }
            #expect(try await console.waiting(in: "orders") == 2)
            let byQueue = try self.job(try await client.submit("/dead/replay", [("queue", "orders")]))
            try await eventually("the job to end") { try await self.isDone(byQueue, console) }
            #expect(try await console.waiting(in: "orders") == 3)
            #expect(try await console.waiting(in: "email") == 0)
        }
    }

    @Test func `a job continues after the console was killed, and can be stopped and resumed`() async throws {
        try await withConsoleStopped { console in
            try await console.addDeadLetters(60, payload: Self.valid)
            let (client, job) = try await console.run { process in
                let client = try await console.signedIn()
                let job = try self.job(try await client.submit("/dead/replay", [("queue", "orders"), ("rate", "10")]))
                try await eventually("some to be sent") { try await console.waiting(in: "orders") >= 2 }
                try await process.kill()
                return (client, job)
            }
            #expect(try await console.waiting(in: "orders") < 55)
            try await console.run { _ in
                try await eventually("it to go on") {
                    try await client.get("/jobs/\(job)").text.contains(#"<span class="badge running""#)
                }
                #expect(try await client.submit("/jobs/\(job)/stop").status == 303)
                let stopped = try await client.get("/jobs/\(job)").text
                #expect(stopped.contains("stopped by operator:ada") && stopped.contains("Resume"))
            }
            // A stopped job stays stopped.
            try await console.run { _ in
                #expect(try await client.get("/jobs/\(job)").text.contains(#"<span class="badge stopped""#))
                #expect(try await client.submit("/jobs/\(job)/resume").status == 303)
                try await eventually("the job to end") { try await self.isDone(job, console) }
                #expect(try await client.submit("/jobs/\(job)/resume").status == 409)
            }
            // At most the step in progress at the kill was sent twice, under the same ids.
            let sent = try await console.waiting(in: "orders")
            #expect((60...61).contains(sent))
            #expect(try await console.database.value("select count(*) from dead_letters where status = 'replayed'") == "60")
        }
    }

    @Test func `many simultaneous jobs all end`() async throws {
        try await withConsole { console in
            let client = try await console.signedIn()
            var jobs: [String] = []
            for number in 0..<12 {
                try await console.addDeadLetters(3, group: "many\(number)", payload: Self.valid)
                jobs.append(try self.job(try await client.submit("/dead/replay", [("group", "many\(number)"), ("rate", "10")])))
            }
            // The console still serves pages meanwhile.
            #expect(try await client.get("/jobs").status == 200)
            for job in jobs { try await eventually("job \(job) to end", within: .seconds(60)) { try await self.isDone(job, console) } }
            #expect(try await console.waiting(in: "orders") == 36)
        }
    }

    @Test func `a job that is stopped and resumed at once continues`() async throws {
        try await withConsole { console in
            try await console.addDeadLetters(10, payload: Self.valid)
            let client = try await console.signedIn()
            let job = try self.job(try await client.submit("/dead/replay", [("queue", "orders"), ("rate", "5")]))
            try await eventually("one to be sent") { try await console.waiting(in: "orders") >= 1 }
            #expect(try await client.submit("/jobs/\(job)/stop").status == 303)
            #expect(try await client.submit("/jobs/\(job)/resume").status == 303)
            try await eventually("the job to end") { try await self.isDone(job, console) }
            #expect(try await console.waiting(in: "orders") == 10)
        }
    }

    @Test func `many are discarded at once, with a reason`() async throws {
        try await withConsole { console in
            let ids = [try await console.addDeadLetter(group: "gggggggggg"), try await console.addDeadLetter(group: "gggggggggg")]
            let client = try await console.signedIn()
            let page = try await client.get("/dead/discard?ids=\(ids[0])&ids=\(ids[1])")
            #expect(page.text.contains("Discard 2 dead letters"))
            #expect(try await client.submit("/dead/discard", [("ids", page.hidden("ids") ?? "")]).status == 422)
            #expect(try await client.submit("/dead/discard", [("ids", page.hidden("ids") ?? ""), ("reason", "tests")]).status == 303)
            for id in ids { #expect(try await console.audit(of: id) == [["operator:ada", "discard", "tests"]]) }
        }
    }

    @Test func `a paused queue shows as paused, its workers stop, and the audit log names the operator`() async throws {
        try await withConsole { console in
            let client = try await console.signedIn()
            #expect(try await client.submit("/queues/payments/pause").location == "/?notice=paused")
            let overview = try await client.get("/?notice=paused")
            #expect(overview.text.contains("payments is paused") && overview.text.contains("/queues/payments/resume"))
            #expect(try await console.database.value("select paused from queue_controls where queue = 'payments'") == "t")
            #expect(try await client.submit("/queues/payments/resume").status == 303)
            #expect(try await console.database.value("select paused from queue_controls where queue = 'payments'") == "f")
            #expect(try await console.audit(of: "payments").map { $0[1] } == ["pause", "resume"])
        }
    }

    @Test func `the overview reports problems and shows the last hour`() async throws {
        try await withConsole { console in
            try await console.addDeadLetter(group: "hhhhhhhhhh", error: "card `tok_1` refused")
            try await console.database.psql(
                """
                insert into queue_samples (queue, at, ready, unacked, retrying, dead, acked, counting_since, publish_rate, deliver_rate)
                select 'orders', now() - make_interval(secs => s), 1234, 0, 3, 1, 0, now() - interval '1 hour', 12.5, 12.4 from generate_series(0, 3600, 5) s
                """)
            let page = try await console.signedIn().get("/")
            #expect(page.text.contains("1 dead letter of 1 cause waits for a decision"))
            #expect(page.text.contains("orders has no consumer"))
            #expect(page.text.contains("card `tok_1` refused"))
            #expect(page.text.contains("12.5 in, 12.4 handled") || page.text.contains("13 in, 12 handled"))
            #expect(page.text.contains("1,234 waiting"))
        }
    }

    @Test func `the search opens the page of an id, and finds dead letters by text`() async throws {
        try await withConsole { console in
            let id = try await console.addDeadLetter(group: "iiiiiiiiii", payload: #"{"order_id": "needle"}"#)
            let message = try #require(try await console.database.value("select message_id from dead_letters where id = '\(id)'"))
            let client = try await console.signedIn()
            for (query, place) in [
                (id, "/dead/\(id)"), (message, "/dead/\(id)"), ("%20\(message)%20", "/dead/\(id)"), ("iiiiiiiiii", "/dead?group=iiiiiiiiii"),
                ("needle", "/dead?q=needle"), ("email", "/dead?queue=email"),
            ] {
                #expect(try await client.get("/search?q=\(query)").location == place)
            }
            let nothing = try await client.get("/search?q=pi_nosuch%3Cb%3E")
            #expect(nothing.status == 404)
            #expect(nothing.text.contains("pi_nosuch&lt;b&gt;"))
        }
    }
}
