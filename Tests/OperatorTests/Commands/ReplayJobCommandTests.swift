import Conveyor
import Fixtures
import FoundationEssentials
import Testing

/// Bulk replays that are killed, stopped and resumed, and that stop on their own.
@Suite struct ReplayJobCommandTests {
    private static let product = "018f0000-0000-7000-8000-000000000002"
    /// A small number by default; the environment sets a larger one.
    private static let count = ProcessInfo.processInfo.environment["CONVEYOR_TEST_REPLAYS"].flatMap { Int($0) } ?? 300

    private static func adjustment(_ delta: String = #""delta": 1"#) -> String {
        #"{"product_id": "\#(Self.product)", \#(delta), "reason": "found"}"#
    }

    private func addProduct(_ site: CommandLineSite) async throws {
        try await site.database.psql(
            "insert into products (id, unit_amount, currency, sku, name) values ('\(Self.product)', 100, 'usd', 'TEA-1', 'Assam')")
    }

    private func job(_ site: CommandLineSite) async throws -> JSONValue { try await site.conveyor("dead", "jobs", "--json").rows[0] }

    private func withInventory<Result>(_ site: CommandLineSite, _ body: (ChildProcess) async throws -> Result) async throws -> Result {
        try await withPart("inventory-worker", site.settings(of: "inventory"), body)
    }

    @Test func `a killed job resumes at its position, and each message takes effect once`() async throws {
        try await withCommandLine { site in
            try await self.addProduct(site)
            try await site.addDeadLetters(
                Self.count, queue: "inventory", type: "inventory.adjust_stock", group: "aaaaaaaaaa", payload: Self.adjustment())
            let rate = max(100, Self.count / 5)
            // Killed twice: in its first run, and after it is resumed.
            let first = try site.start(["dead", "replay", "--group", "aaaaaaaaaa", "--rate", "\(rate)/s", "--canary", "0"])
            try await eventually("some to be sent", within: .seconds(60)) { try await site.waiting(in: "inventory") >= Self.count / 6 }
            try await first.kill()
            try await eventually("the job to count as stopped", within: .seconds(60)) { try await self.job(site)["status"].string == "stopped" }
            let stopped = try await self.job(site)
            let id = try #require(stopped["id"].string)
            let done = try #require(stopped["done"].integer)
            #expect(done > 0 && stopped["left"].integer == Int64(Self.count) - done && stopped["total"].integer == Int64(Self.count))
            #expect(stopped["note"].string == "the process that ran it has ended")
            #expect(try await site.database.value("select count(*) from dead_letters where status = 'replayed'") == "\(done)")

            let second = try site.start(["dead", "resume", id])
            try await eventually("more to be sent", within: .seconds(60)) { try await site.waiting(in: "inventory") >= Self.count / 2 }
            try await second.kill()
            try await eventually("its lock to be free", within: .seconds(60)) { try await self.job(site)["status"].string == "stopped" }
            let resumed = try await site.conveyor("dead", "resume", id, "--json")
            #expect(resumed.status == 0, "\(resumed.error)")
            #expect(
                try resumed.json["done"].integer == Int64(Self.count) && resumed.json["left"] == .int(0) && resumed.json["status"].string == "done")

            // At each kill at most one step was sent and not recorded; it is sent again under the same ids.
            let sent = try await site.waiting(in: "inventory")
            #expect((Self.count...(Self.count + 2 * min(100, rate / 10))).contains(sent))
            try await self.withInventory(site) { _ in
                try await eventually("all to be handled", within: .seconds(120)) {
                    try await site.database.value("select count(*) from inbox where consumer = 'inventory'") == "\(Self.count)"
                }
                try await eventually("copies to be recognised", within: .seconds(60)) {
                    let waiting = try await site.waiting(in: "inventory")
                    return try await waiting + site.host.unacknowledged("inventory") == 0
                }
            }
            #expect(try await site.database.value("select stock_quantity from products") == "\(Self.count)")
            #expect(try await site.database.value("select count(*) from stock_movements") == "\(Self.count)")
            #expect(
                try await site.database.value("select count(*) from audit_log where act = 'replay' and actor = 'operator:ada'") == "\(Self.count)")
            let books = try await site.conveyor("audit", "--json")
            #expect(books.status == 0, "\(books.output)")
        }
    }

    @Test func `a stopped job ends, explains how to resume it, and resumes`() async throws {
        try await withCommandLine { site in
            try await site.addDeadLetters(40, queue: "inventory", type: "inventory.adjust_stock", group: "aaaaaaaaaa", payload: Self.adjustment())
            let running = try site.start(["dead", "replay", "--group", "aaaaaaaaaa", "--rate", "10", "--canary", "0"])
            try await eventually("some to be sent", within: .seconds(60)) { try await site.waiting(in: "inventory") >= 2 }
            let id = try #require(try await self.job(site)["id"].string)
            let twice = try await site.conveyor("dead", "resume", id)
            #expect(twice.status == 1 && twice.complaint == "job \(id) is running already")
            let stop = try await site.conveyor("dead", "stop", id)
            #expect(stop.status == 0 && stop.output.hasPrefix("stopped; "))
            #expect(try await running.waitForExit(within: .seconds(60)) == .status(1))
            #expect(running.standardError.contains("by operator:ada") && running.standardError.contains("conveyor dead resume \(id)"))
            #expect(try await self.job(site)["status"].string == "stopped")
            let resumed = try await site.conveyor("dead", "resume", id)
            #expect(resumed.status == 0 && resumed.output.hasSuffix("40 of 40 sent\n"))
            #expect(try await site.waiting(in: "inventory") == 40)
            #expect(try await site.audit(of: id) == [["operator:ada", "stop_job", nil], ["operator:ada", "resume_job", nil]])
        }
    }

    @Test func `a job whose canary is dead again stops before it does more harm`() async throws {
        try await withCommandLine { site in
            try await self.addProduct(site)
            // A plan cannot detect its error.
            try await site.database.psql("alter table stock_movements add constraint broken check (delta <> 1)")
            try await site.addDeadLetters(12, queue: "inventory", type: "inventory.adjust_stock", group: "aaaaaaaaaa", payload: Self.adjustment())
            try await withPart("conveyor", site.settings(of: "recorder"), arguments: ["record"]) { _ in
                try await self.withInventory(site) { _ in
                    let job = try await site.conveyor("dead", "replay", "--group", "aaaaaaaaaa", "--json")
                    #expect(job.status == 1)
                    #expect(try job.json["status"].string == "stopped" && job.json["done"] == .int(1) && job.json["left"] == .int(11))
                    #expect(try job.json["note"].string?.hasPrefix("1 of 1 canary messages failed again: ") == true)
                }
            }
            #expect(try await site.database.value("select count(*) from dead_letters where status = 'open'") == "12")
            let again = try await site.database.value("select subject from audit_log where act = 'dead_lettered_again'")
            let history = try await site.conveyor("dead", "show", try #require(again), "--json").json["history"].array.map { $0["act"].string }
            #expect(history == ["replay", "dead_lettered_again"])
        }
    }
}
