import Fixtures
import FoundationEssentials
import Postgres
import RabbitMQ
import Testing
import Transfer

@testable import Conveyor

/// The package of `Tests/Quickstart`, built as a user of the library builds it: a worker without shop code, on an empty database and an empty virtual
/// host.
private struct Quickstart {
    /// Its executable, built by `ops/lib/quickstart`.
    private static let executable = Repository.path + "/.build/quickstart/debug/thumbnails"

    let database: TestDatabase
    let host: VirtualHost
    let port: Int

    var environment: [String: String] {
        [
            "DATABASE_URL": self.database.url, "AMQP_URL": self.host.amqpURL, "RABBITMQ_API": self.host.apiURL, "METRICS_PORT": "\(self.port)",
            "RETRY_DELAYS": "1", "LOG_FORMAT": "json",
        ]
    }

    static func run(_ body: (Quickstart) async throws -> Void) async throws {
        try await withDatabase(migrations: []) { database in
            try await withVirtualHost { host in try await body(Quickstart(database: database, host: host, port: try Port.free())) }
        }
    }

    /// Starts it with only these variables.
    static func start(_ environment: [String: String], _ arguments: [String] = []) throws -> ChildProcess {
        try ChildProcess(self.executable, arguments, environment: environment, inherits: false)
    }

    /// The worker, ready.
    func start() async throws -> ChildProcess {
        let worker = try Self.start(self.environment)
        try await worker.waits(for: #""message":"ready""#)
        return worker
    }

    /// Runs one of its other commands to its end.
    func perform(_ arguments: String...) async throws {
        let command = try Self.start(self.environment, arguments)
        let exit = try await command.waitForExit()
        guard exit == .status(0) else { throw FixtureError("\(arguments): \(exit)\n\(command.output)") }
    }

    /// The number of thumbnails.
    func made() async throws -> Int { try await self.database.value("select count(*) from thumbnails").flatMap { Int($0) } ?? 0 }
}

/// The message for the executable.
private struct MakeThumbnail: Command {
    static let type = "thumbnails.make"
    var picture: String
    var width: Int32
}

@Suite struct QuickstartTests {
    @Test func `a worker of a few lines is killed under load, loses nothing and does nothing twice`() async throws {
        try await Quickstart.run { quickstart in
            let total = 12_000
            try await quickstart.perform("setup")
            try await withPublisher(quickstart.host.amqpURL) { publisher in
                let messages = try (0..<total).map { number in
                    let now = Clock.milliseconds()
                    let envelope = Envelope(messageID: .v7(milliseconds: UInt64(now)), type: MakeThumbnail.type, actor: "system", sentAt: now)
                    return try Outgoing(MakeThumbnail(picture: "\(number).jpg", width: 200), envelope: envelope, appID: "test")
                }
                for first in stride(from: 0, to: total, by: 1000) {
                    let failures = await publisher.publish(Array(messages[first..<first + 1000]))
                    #expect(failures.allSatisfy { $0 == nil })
                }
            }
            var worker = try await quickstart.start()
            for round in 1...3 {
                try await eventually("it has made some more", within: .seconds(120), every: .milliseconds(5)) {
                    try await quickstart.made() >= round * 500
                }
                try await worker.kill()
                if round == 1 { #expect(try await quickstart.made() < total) }
                worker = try await quickstart.start()
            }
            try await eventually("all are made", within: .seconds(180)) { try await quickstart.made() >= total }
            #expect(try await quickstart.database.value("select count(distinct picture) from thumbnails") == "\(total)")
            #expect(try await quickstart.made() == total)
            #expect(try await quickstart.database.value("select count(*) from inbox where consumer = 'thumbnails'") == "\(total)")
            #expect(try await worker.stop() == .status(0))
            #expect(try await quickstart.host.ready("thumbnails") == 0)
            #expect(try await quickstart.host.ready("thumbnails.dead") == 0)
        }
    }

    @Test func `poison is dead at once, a failing message after its retries, and the metrics count both`() async throws {
        try await Quickstart.run { quickstart in
            let worker = try await quickstart.start()
            for message in [#"{"picture":"a.jpg","width":0}"#, #"{"picture":"missing.png","width":200}"#, #"{"picture":"b.jpg","width":200}"#] {
                // The program itself sends messages, too.
                try await quickstart.perform("send", "thumbnails.make", message)
            }
            let dead = try await withConsumer(quickstart.host.amqpURL, queue: .named("thumbnails.dead")) {
                try await $0.takeAndAcknowledge(2, within: .seconds(60))
            }
            #expect(dead.map { $0.properties.headers["error-type"] } == ["invalid_payload", "attempts_exhausted"])
            #expect(dead.map { $0.properties.headers["attempt"]?.int } == [nil, 2])
            #expect(
                try await quickstart.database.psql("select attempt, error_type from attempts order by id").map { $0.map { $0 ?? "" } } == [
                    ["1", "invalid_payload"], ["1", "attempts_exhausted"], ["2", "attempts_exhausted"],
                ])
            try await eventually("the good one is made") { try await quickstart.made() == 1 }
            try await eventually("the weeks of the machinery's tables are kept up to date") {
                try await quickstart.database.value("select outcome from schedules where name = 'conveyor.partitions'") == "succeeded"
            }
            let metrics = try await HTTPClient(userAgent: "conveyor-tests/1").send(HTTPRequest(url: "http://127.0.0.1:\(quickstart.port)/metrics"))
            let text = String(decoding: metrics.body, as: UTF8.self)
            #expect(text.contains(#"conveyor_messages_handled_total{queue="thumbnails",type="thumbnails.make",outcome="succeeded"} 1"#))
            #expect(text.contains(#"conveyor_messages_handled_total{queue="thumbnails",type="thumbnails.make",outcome="dead"} 2"#))
            #expect(text.contains(#"conveyor_retries_total{queue="thumbnails",type="thumbnails.make"} 1"#))
            #expect(try await worker.stop() == .status(0))
        }
    }

    @Test func `a failed start is reported in one line with advice`() async throws {
        var environment = ["AMQP_URL": "amqp://127.0.0.1:1", "RABBITMQ_API": "http://guest:guest@127.0.0.1:1", "START_TIMEOUT": "1"]
        var worker = try Quickstart.start(environment)
        #expect(try await worker.waitForExit() == .status(78))
        #expect(worker.standardError == "thumbnails-worker: DATABASE_URL is not set\n")
        environment["DATABASE_URL"] = "postgresql://127.0.0.1:1/none"
        worker = try Quickstart.start(environment)
        #expect(try await worker.waitForExit() == .status(69))
        #expect(worker.standardError.hasPrefix("thumbnails-worker: database: "))
    }

    @Test func `an invalid message is refused with the usage of the program, and exit 64`() async throws {
        try await Quickstart.run { quickstart in
            let send = try Quickstart.start(quickstart.environment, ["send", "thumbnails.make", #"{"picture":"a.jpg"}"#])
            #expect(try await send.waitForExit() == .status(64))
            #expect(send.standardError.contains("not the JSON of thumbnails.make: width is missing"))
            #expect(send.standardError.contains("Usage: thumbnails "))
        }
    }

    @Test func `the example has at most 60 lines of Swift, and the README contains it unchanged`() throws {
        let folder = Repository.path + "/Tests/Quickstart/"
        let readme = try String(contentsOfFile: Repository.path + "/README.md", encoding: .utf8)
        let files = try ["Package.swift", "Sources/thumbnails/MakeThumbnail.swift", "Sources/thumbnails/Thumbnails.swift"].map {
            try String(contentsOfFile: folder + $0, encoding: .utf8)
        }
        for file in files { #expect(readme.contains("```swift\n\(file)```")) }
        #expect(files.dropFirst().reduce(0) { $0 + $1.split(separator: "\n", omittingEmptySubsequences: false).count - 1 } <= 60)
    }
}
