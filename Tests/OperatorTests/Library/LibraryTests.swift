import Conveyor
import ConveyorTesting
import Fixtures
import FoundationEssentials
import Postgres
import Synchronization
import Testing

@testable import ExampleOperator

/// `ConveyorOperator` in an application without a shop: `Tests/ExampleOperator`.
@Suite struct LibraryTests {
    private struct Site {
        let database: TestDatabase
        let host: VirtualHost
        let port: Int

        static let token = "0f9c3a71be0d4c52a8d1"

        var settings: [String: String] {
            [
                "DATABASE_URL": self.database.url, "AMQP_URL": self.host.amqpURL, "RABBITMQ_API": self.host.apiURL, "RETRY_DELAYS": "1",
                "CONVEYOR_OPERATOR": "ada", "CONSOLE_PORT": "\(self.port)", "CONSOLE_TOKEN": Self.token,
            ]
        }

        func call(_ arguments: String..., input: String? = nil) async throws -> CommandLineSite.Call {
            let process = try ChildProcess(
                Repository.executable("ExampleOperator"), arguments, environment: self.settings, inherits: false, input: input)
            guard case .status(let status) = try await process.waitForExit(within: .seconds(120)) else {
                throw FixtureError("\(arguments) was killed\n\(process.output)")
            }
            return .init(status: status, output: process.standardOutput, error: process.standardError)
        }

        /// Runs a worker that refuses pictures until it is repaired.
        func work(_ body: (WorkerHarness, Repair) async throws -> Void) async throws {
            let repair = Repair()
            try await WorkerHarness.run(
                queue: "pictures", .init(database: self.database.url, broker: self.host.amqpURL, management: self.host.apiURL),
                migrations: ExampleOperator.migrations,
                handlers: { handlers in
                    handlers.on(MakePicture.self) { message, transaction in
                        guard repair.isDone else { throw Poison(.invalidPayload, "the folder of pictures is full") }
                        transaction.enqueue("insert into pictures values ($1)", message.payload.name)
                        return .done()
                    }
                }
            ) { try await body($0, repair) }
        }

        /// Whether the cause of the failures is repaired.
        final class Repair: Sendable {
            private let done = Mutex(false)
            var isDone: Bool { self.done.withLock { $0 } }
            func finish() { self.done.withLock { $0 = true } }
        }
    }

    private func withSite(_ body: (Site) async throws -> Void) async throws {
        try await withDatabase(migrations: []) { database in
            try await withVirtualHost { host in
                let site = Site(database: database, host: host, port: try Port.free())
                let migrated = try await site.call("migrate")
                #expect(migrated.output == "applied c0001_machinery, c0002_wanted_events, o0001_operators, a0001_pictures\n", "\(migrated.error)")
                #expect(try await site.call("topology", "apply").status == 0)
                try await body(site)
            }
        }
    }

    @Test func `an application without a shop records, lists, edits and replays its dead letters`() async throws {
        try await self.withSite { site in
            try await site.work { harness, repair in
                let first = try await harness.send(MakePicture(name: "a.jpg"))
                let second = try await harness.send(MakePicture(name: "b.jpg"))
                try await withPart("ExampleOperator", site.settings, arguments: ["record"]) { _ in
                    try await eventually("both are recorded") { try await site.database.value("select count(*) from dead_letters") == "2" }
                    let letters = try await site.call("dead", "list", "--json").rows
                    #expect(Set(letters.compactMap { $0["message_id"].string }) == ["\(first)", "\(second)"])
                    #expect(letters.allSatisfy { $0["type"] == .string("pictures.make") && $0["error_type"] == .string("invalid_payload") })
                    #expect(letters.allSatisfy { $0.members["order_id"] == nil })
                    #expect(try await site.call("dead", "groups", "--json").rows.map { $0["count"] } == [.int(2)])

                    let wrong = try await site.call("dead", "replay", "\(first)", "--edit", "-", input: "{}")
                    #expect(wrong.status == 1 && wrong.error == "pictures-operator: not the JSON of pictures.make: name is missing\n")
                    repair.finish()
                    #expect(try await site.call("dead", "replay", "\(first)", "--edit", "-", input: #"{"name":"c.jpg"}"#).status == 0)
                    #expect(try await site.call("dead", "replay", "\(second)").status == 0)
                    try await eventually("both pictures are made") { try await site.database.value("select count(*) from pictures") == "2" }
                    #expect(try await site.call("pictures").output == "NAME\nb.jpg\nc.jpg\n")

                    let trace = try await site.call("trace", "\(first)", "--json").rows
                    #expect(trace.map { $0["name"] } == [.string("pictures.make")])
                    #expect(try await site.call("search", "\(first)", "--json").rows.map { $0["kind"] } == [.string("message")])
                    let books = try await site.call("verify", "--json").json
                    #expect(books["messages"]["balance"] == .int(0) && books["messages"]["accepted"] == .int(2))
                    #expect(books["pictures"]["made"] == .int(2))
                    let acts = try await site.call("audit-log", "--json").rows
                    #expect(Set(acts.map { $0["act"] }) == [.string("edit"), .string("replay")])
                }
            }
        }
    }

    @Test func `its operators see, pause and send, in the console, too, which has its own page`() async throws {
        try await self.withSite { site in
            try await site.work { _, repair in
                repair.finish()
                #expect(try await site.call("send", "pictures.make", "-", input: #"{"name":"a.jpg"}"#).status == 0)
                #expect(try await site.call("send", "orders.place", "-", input: "{}").status == 1)
                try await eventually("the picture is made") { try await site.database.value("select count(*) from pictures") == "1" }
                try await withPart("ExampleOperator", site.settings, arguments: ["console"]) { _ in
                    let client = try WebClient(base: "http://127.0.0.1:\(site.port)")
                    #expect(try await client.signIn(token: Site.token).status == 303)
                    let pictures = try await client.get("/pictures")
                    #expect(pictures.status == 200 && pictures.text.contains("a.jpg"), "\(pictures.text)")
                    #expect(pictures.text.contains(#"<a href="/pictures" aria-current="page">Pictures</a>"#))
                    #expect(!pictures.text.contains("Webhooks"))
                    for name in ["", "dead", "jobs", "running", "waiting", "skip", "send", "types", "schedules", "audit", "people", "search"] {
                        let path = "/" + name
                        let page = try await client.get(path)
                        #expect(page.status == 200, "\(path): \(page.text)")
                    }
                    #expect(try await client.submit("/queues/pictures/pause").status == 303)
                    #expect(try await site.call("queues", "--json").rows.map { $0["paused_by"] } == [.string("operator:ada")])
                }
            }
            let checks = try await site.call("doctor", "--json").rows
            #expect(checks.first { $0["check"] == .string("migrations") }?["verdict"] == .string("ok"), "\(checks)")
            #expect(checks.first { $0["check"] == .string("topology") }?["verdict"] == .string("ok"), "\(checks)")
            #expect(!checks.contains { $0["check"] == .string("Stripe") || $0["check"] == .string("operator's role") })
        }
    }

    @Test func `no file of the library imports a module of the shop`() throws {
        let folder = Repository.path + "/Sources/ConveyorOperator"
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix(".swift") }
        #expect(files.count > 100)
        for file in files {
            let text = try String(contentsOfFile: folder + "/" + file, encoding: .utf8)
            let imports = text.matches(of: /(?m)^(?:public |internal |package |private )?import (\w+)$/).map { String($0.output.1) }
            #expect(Set(imports).isDisjoint(with: ["Shop", "Topology", "MailTemplates", "Resources", "Operator"]), "\(file)")
        }
    }
}
