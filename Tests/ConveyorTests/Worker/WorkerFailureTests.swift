import Conveyor
import Fixtures
import Postgres
import RabbitMQ
import Shop
import Synchronization
import Testing

@testable import ExampleWorker

/// Failing messages, and the others of their batches.
@Suite struct WorkerFailureTests {
    @Test func `one bad message in a batch harms no other`() async throws {
        try await WorkerRig.with { rig in
            try await rig.publish(0..<40)
            let handler = TallyHandler { received in
                switch received.payload.number {
                case 13: throw Poison(.invalidPayload, "thirteen is never right")
                case 14: throw Problem(.outOfStock, "none is left")
                case 15 where received.envelope.attempt == 1: throw Transient("not now")
                case 16: throw Unforeseen()
                default: break
                }
            }
            try await rig.working(handler) { _ in
                try await rig.waitForEffects(37)
                let dead = try await rig.taken(2, from: "tests.dead")
                #expect(Set(dead.compactMap { $0.properties.headers["error-type"]?.string }) == ["invalid_payload", "bug"])
            }
            #expect(try await rig.effects() == (0..<40).filter { ![13, 14, 16].contains($0) })
            let rejected = try await rig.database.psql("select outcome, decides, problem ->> 'code' from inbox where outcome <> 'succeeded'")
            #expect(rejected == [["rejected", "t", "out_of_stock"]])
            try await eventually("nothing is left") { try await rig.left() == 0 }
        }
    }

    private struct Unforeseen: Error {}

    @Test func `a transient failure is retried by the schedule with its history, until it succeeds`() async throws {
        try await WorkerRig.with { rig in
            let seen = Seen<Envelope>()
            let handler = TallyHandler(policy: Policy(attempts: 4)) { received in
                seen.add(received.envelope)
                if received.envelope.attempt < 3 { throw Transient("451 not now, \(received.envelope.attempt)", exhaustedAs: .refusedBySMTP) }
            }
            let message = try rig.message(1)
            let began = Clock.milliseconds()
            try await rig.publish([message])
            try await rig.working(handler) { _ in try await rig.waitForEffects(1) }
            #expect(Clock.milliseconds() - began >= 2000)

            let envelopes = seen.all
            #expect(envelopes.map(\.attempt) == [1, 2, 3])
            #expect(Set(envelopes.map { "\($0.messageID)" }) == [message.properties.messageID])
            #expect(Set(envelopes.map(\.sentAt)).count == 1)
            #expect(envelopes[0].failure == nil)
            let (first, second) = (try #require(envelopes[1].failure), try #require(envelopes[2].failure))
            #expect((first.errorType, first.error) == ("refused_by_smtp", "451 not now, 1"))
            #expect(second.error == "451 not now, 2")
            #expect((began...Clock.milliseconds()).contains(first.firstAt))
            #expect(second.firstAt == first.firstAt)
            #expect(second.lastAt > first.lastAt)
            let attempts = try await rig.database.psql("select attempt, error_type, error, next_at > at from attempts order by id")
            #expect(attempts == [["1", "refused_by_smtp", "451 not now, 1", "t"], ["2", "refused_by_smtp", "451 not now, 2", "t"]])
            #expect(try await rig.database.value("select attempt from inbox") == "3")
        }
    }

    @Test func `a message that fails at every attempt is a dead letter with its history`() async throws {
        try await WorkerRig.with { rig in
            let handler = TallyHandler(policy: Policy(attempts: 2)) { _ in throw Transient("the carrier is away") }
            let message = try rig.message(1)
            try await rig.publish([message])
            try await rig.working(handler) { _ in
                let dead = try await rig.taken(1, from: "tests.dead")[0]
                #expect(dead.properties.messageID == message.properties.messageID)
                #expect(dead.properties.type == Tally.type)
                #expect(dead.body == message.body)
                let headers = dead.properties.headers
                #expect(headers["error-type"] == "attempts_exhausted")
                #expect(headers["error"] == "the carrier is away")
                #expect(headers["attempt"] == 2)
                #expect(try #require(headers["last-failed-at"]?.int) - #require(headers["first-failed-at"]?.int) >= 900)
                #expect(headers["x-death"] == nil)
            }
            #expect(try await rig.effects().isEmpty)
            #expect(try await rig.database.psql("select attempt, next_at is null from attempts order by id") == [["1", "f"], ["2", "t"]])
            try await eventually("nothing is left") { try await rig.left() == 0 }
        }
    }

    @Test func `poison is dead at once, and the good messages between go on`() async throws {
        try await WorkerRig.with { rig in
            func bad(_ change: (inout Outgoing) -> Void) throws -> Outgoing {
                var message = try rig.message(99)
                change(&message)
                return message
            }
            let poison: [(message: Outgoing, errorType: String)] = [
                (try bad { $0.body = [0xFF, 0x00, 0x7B] }, "undecodable"), (try bad { $0.body = [] }, "undecodable"),
                (try bad { $0.body = Array(#"{"number":"seven"}"#.utf8) }, "undecodable"),
                (try bad { $0.body = Array(repeating: UInt8(ascii: "["), count: 100_000) }, "undecodable"),
                (try bad { $0.properties.headers["schema"] = 2 }, "undecodable"), (try bad { $0.properties.messageID = nil }, "undecodable"),
                (try bad { $0.properties.messageID = "17" }, "undecodable"), (try bad { $0.properties.type = "tests.unheard" }, "unknown_type"),
                (try bad { $0.properties.type = nil }, "unknown_type"), (try bad { $0.properties = Properties() }, "unknown_type"),
            ]
            try await rig.publish(zip(poison, 0..<poison.count).flatMap { [$0.0.message, try rig.message($0.1)] })
            try await rig.working(TallyHandler()) { _ in
                let dead = try await rig.taken(poison.count, from: "tests.dead")
                #expect(dead.compactMap { $0.properties.headers["error-type"]?.string }.sorted() == poison.map(\.errorType).sorted())
                #expect(Set(dead.map(\.body)) == Set(poison.map(\.message.body)))
                #expect(dead.allSatisfy { $0.properties.headers["error"]?.string?.isEmpty == false })
                #expect(dead.allSatisfy { $0.properties.headers["first-failed-at"]?.int != nil })
                try await rig.waitForEffects(poison.count)
            }
            #expect(try await rig.effects() == Array(0..<poison.count))
            try await eventually("nothing is left") { try await rig.left() == 0 }
        }
    }

    @Test func `a handler that exceeds its time is cancelled and retried`() async throws {
        try await WorkerRig.with { rig in
            let handler = TallyHandler(policy: Policy(timeLimit: .milliseconds(200), attempts: 2)) { _ in try await Task.sleep(for: .seconds(60)) }
            try await rig.publish([1])
            try await rig.working(handler) { _ in
                let dead = try await rig.taken(1, from: "tests.dead")[0]
                #expect(dead.properties.headers["error-type"] == "timed_out")
                #expect(dead.properties.headers["attempt"] == 2)
            }
            #expect(try await rig.effects().isEmpty)
        }
    }

    @Test func `a transaction conflict is not an attempt`() async throws {
        try await WorkerRig.with { rig in
            let tries = Seen<Int>()
            let handler = TallyHandler(checkAll: { batch, transaction in
                tries.add(batch[0].envelope.attempt)
                if tries.all.count < 3 {
                    try await transaction.query("do $$ begin raise exception 'met' using errcode = 'serialization_failure'; end $$")
                }
            })
            try await rig.publish([1])
            try await rig.working(handler) { _ in try await rig.waitForEffects(1) }
            #expect(tries.all == [1, 1, 1])
            #expect(try await rig.attempts() == 0)
        }
    }

    @Test func `a handler that omits a reply is a bug, and its effects are not written`() async throws {
        struct Forgetful: Handler {
            func handle(_ batch: [Received<Tally, Void>], in transaction: Transaction) async throws -> [Reply] { [] }
        }
        try await WorkerRig.with { rig in
            try await rig.publish([1])
            let dead = try await rig.working(Forgetful()) { _ in try await rig.taken(1, from: "tests.dead") }
            #expect(dead[0].properties.headers["error-type"] == "bug")
            #expect(try await rig.database.value("select count(*) from inbox") == "0")
        }
    }

    @Test func `wrong settings hold back only their type, make the worker unready, and count no attempt`() async throws {
        struct Caller: Handler {
            let isMended: Mutex<Bool>.Reference
            var policy: Policy { Policy(attempts: 1) }
            func prepare(_ message: Tally, _ envelope: Envelope) async throws -> Int {
                guard self.isMended.value else { throw Misconfigured("STRIPE_SECRET_KEY is refused: invalid api key") }
                return message.number * 2
            }
            func handle(_ batch: [Received<Tally, Int>], in transaction: Transaction) async throws -> [Reply] {
                transaction.enqueue(
                    "insert into effects (message_id, number) select * from unnest($1::uuid[], $2::int4[])", batch.map(\.envelope.messageID),
                    batch.map { Int32($0.prepared) })
                return batch.map { _ in .done() }
            }
        }
        try await WorkerRig.with { rig in
            let isMended = Mutex<Bool>.Reference(false)
            try await rig.database.psql(NoteHandler.table)
            try await rig.publish(1...300)
            // One slot and a small prefetch, both of which held messages would occupy if they were kept.
            try await rig.working(Caller(isMended: isMended), NoteHandler(), lanes: 1, prefetch: 64) { worker in
                try await eventually("it is unready", within: .seconds(60)) { worker.unready.contains { $0.contains("STRIPE_SECRET_KEY") } }
                try await rig.publish([try rig.note(7)])
                try await eventually("the other type is handled", within: .seconds(60)) {
                    try await rig.database.value("select number from notes") == "7"
                }
                #expect(!worker.unready.isEmpty)
                isMended.set(true)
                try await rig.waitForEffects(300)
                try await eventually("it is ready") { worker.unready.isEmpty }
            }
            #expect(try await rig.effects() == (1...300).map { $0 * 2 })
            #expect(try await rig.attempts() == 0)
            #expect(try await rig.host.ready("tests.dead") == 0)
        }
    }

    @Test func `a missing table holds back the type that needs it, and counts no attempt`() async throws {
        try await WorkerRig.with { rig in
            try await rig.database.psql("\(NoteHandler.table); alter table effects rename to elsewhere")
            try await rig.publish(1...20)
            try await rig.working(TallyHandler(policy: Policy(attempts: 1)), NoteHandler(), lanes: 1) { worker in
                try await eventually("it is unready", within: .seconds(60)) { worker.unready.contains { $0.contains("42P01") } }
                try await rig.publish([try rig.note(7)])
                try await eventually("the other type is handled", within: .seconds(60)) {
                    try await rig.database.value("select number from notes") == "7"
                }
                try await rig.database.psql("alter table elsewhere rename to effects")
                try await rig.waitForEffects(20)
                try await eventually("it is ready") { worker.unready.isEmpty }
            }
            #expect(try await rig.effects() == Array(1...20))
            #expect(try await rig.attempts() == 0)
            #expect(try await rig.host.ready("tests.dead") == 0)
        }
    }

    @Test(arguments: [(1000, nil), (30_000, 300)] as [(Int, Int?)])
    func `messages that meet a lock wait for it in retry queues, and none is dead for it`(statement: Int, lock: Int?) async throws {
        try await WorkerRig.with { rig in
            let holder = try ChildProcess(
                "psql", ["-X", "-q", rig.database.url], input: "begin; lock table effects in share mode; select pg_sleep(3600);")
            try await eventually("the table is locked") {
                try await rig.database.value("select count(*) from pg_locks where mode = 'ShareLock' and relation = 'effects'::regclass") == "1"
            }
            try await rig.publish(1...3)
            try await rig.working(
                TallyHandler(policy: Policy(attempts: 1)), lanes: 1, statementTimeout: .milliseconds(statement),
                lockTimeout: lock.map { .milliseconds($0) }
            ) { _ in
                // Each has failed more often than its policy allows attempts.
                try await eventually("each was tried twice", within: .seconds(60)) {
                    try await rig.database.value("select count(*) from (select from attempts group by message_id having count(*) >= 2) a") == "3"
                }
                try await holder.kill()
                try await rig.database.psql(
                    "select pg_terminate_backend(pid) from pg_locks where mode = 'ShareLock' and relation = 'effects'::regclass")
                try await rig.waitForEffects(3)
            }
            #expect(try await rig.effects() == [1, 2, 3])
            #expect(try await rig.host.ready("tests.dead") == 0)
            let reasons = try await rig.database.psql("select distinct error_type from attempts")
            #expect(reasons == [["timed_out"]])
        }
    }

    @Test func `a message that cannot be settled is returned before the broker takes it back, uncounted`() async throws {
        struct Forward: Command {
            static let type = "elsewhere.go"
        }
        struct Forwarder: Handler {
            func handle(_ batch: [Received<Tally, Void>], in transaction: Transaction) async throws -> [Reply] {
                batch.map { _ in .passedOn(emits: [Forward()]) }
            }
        }
        try await WorkerRig.with { rig in
            try await rig.publish([1])
            try await rig.working(Forwarder(), longestStay: .milliseconds(500)) { _ in
                try await eventually("it waits for its retry", within: .seconds(60)) { try await rig.host.ready("retry.1") == 1 }
                try await rig.host.declareQueue("elsewhere")
                try await rig.host.bind("elsewhere", to: "commands", routingKey: "elsewhere.#")
                let forwarded = try await rig.taken(1, from: "elsewhere")[0]
                #expect(forwarded.properties.headers["causation-id"] != nil)
            }
            #expect(try await rig.database.value("select count(*) from inbox where attempt = 1") == "1")
            #expect(try await rig.attempts() == 0)
            try await eventually("nothing is left") { try await rig.left() == 0 }
        }
    }

    @Test func `a NUL in an error, and a missing table of attempts, stop no dead letter`() async throws {
        try await WorkerRig.with { rig in
            try await rig.publish(0..<4)
            let handler = TallyHandler { received in
                if received.payload.number == 1 { throw Poison(.invalidPayload, "a\0b " + String(repeating: "long ", count: 2000)) }
                if received.payload.number == 2 {
                    try await rig.database.psql("alter table attempts rename to elsewhere")
                    throw Poison(.invalidPayload, "an invalid note")
                }
            }
            try await rig.working(handler, lanes: 1) { _ in
                let dead = try await rig.taken(2, from: "tests.dead")
                #expect(dead.allSatisfy { $0.properties.headers["error-type"] == "invalid_payload" })
                let first = try #require(dead.first?.properties.headers["error"]?.string)
                #expect(first.hasPrefix("a\u{fffd}b long") && first.utf8.count <= 2000)
                try await rig.waitForEffects(2)
            }
            #expect(try await rig.effects() == [0, 3])
        }
    }

    @Test func `headers that fill a frame are cut for a dead letter, and its payload is kept`() async throws {
        try await WorkerRig.with { rig in
            func foreign(_ headers: [String: HeaderValue], body: String, id: String? = "no UUID") throws -> Outgoing {
                var message = try rig.message(99)
                message.properties.messageID = id
                message.properties.headers = headers
                message.properties.expiration = "3600000"
                message.body = Array(body.utf8)
                return message
            }
            // The headers that the worker adds no longer fit into a frame of 128 KiB.
            let text = String(repeating: "x", count: 130_900)
            func filled(_ count: Int, name: Int, value: Int) -> [String: HeaderValue] {
                var headers: [String: HeaderValue] = [:]
                var size = 0
                for number in 0..<count {
                    let key = "\(number)" + String(repeating: "n", count: name)
                    headers[key] = .string(String(repeating: "y", count: value))
                    size += 1 + key.utf8.count + 5 + value
                }
                headers["rest"] = .string(String(repeating: "z", count: 130_900 - size))
                return headers
            }
            let (many, long) = (filled(1000, name: 2, value: 100), filled(500, name: 240, value: 1))
            try await rig.publish([
                try rig.message(1), try foreign(["actor": .string(text)], body: "one"), try foreign(many, body: "many"),
                try foreign(long, body: "long"),
                try foreign(["foreign": .string(text)], body: "not JSON", id: "\(ID.v7(milliseconds: 7))"), try rig.message(2),
            ])
            try await rig.working(TallyHandler()) { _ in
                let dead = try await rig.taken(4, from: "tests.dead")
                #expect(Set(dead.map { String(decoding: $0.body, as: UTF8.self) }) == ["one", "many", "long", "not JSON"])
                #expect(dead.allSatisfy { $0.properties.headers["error-type"] == "undecodable" && $0.properties.headers["error"]?.string != nil })
                #expect(dead.allSatisfy { $0.properties.expiration == nil })
                try await rig.waitForEffects(2)
            }
            #expect(try await rig.effects() == [1, 2])
            try await eventually("nothing is left") { try await rig.left() == 0 }
        }
    }

    @Test func `no time or number of a foreign message ends a worker`() async throws {
        try await WorkerRig.with { rig in
            let extremes: [Int64] = [.min, -9_223_372_036_854_775_807, -1, 0, 1, 1_764_486_000_000_000_000, 9_223_372_036_854_776, .max]
            var messages: [Outgoing] = []
            for extreme in extremes {
                for (name, number) in [("timestamp_in_ms", 0), ("attempt", 1), ("schema", 2), ("first-failed-at", 3), ("last-failed-at", 4), ("", 5)]
                {
                    var message = try rig.message(messages.count)
                    if name.isEmpty { message.properties.timestamp = extreme } else { message.properties.headers[name] = .int(extreme) }
                    if number > 2 { message.properties.headers["error-type"] = "bug" }
                    messages.append(message)
                }
            }
            try await rig.publish(messages)
            // A message with a newer schema is a dead letter, all others are handled.
            let tooNew = extremes.count { $0 > 1 }
            try await rig.working(TallyHandler { if $0.payload.number % 7 == 0, $0.envelope.attempt == 1 { throw Transient("later") } }) { _ in
                try await rig.waitForEffects(messages.count - tooNew)
                _ = try await rig.taken(tooNew, from: "tests.dead")
            }
            try await eventually("nothing is left") { try await rig.left() == 0 }
            let times = "select count(*) from inbox where sent_at between now() - interval '1 hour' and now() + interval '1 hour'"
            #expect(try await rig.database.value(times) == "\(messages.count - tooNew)")
        }
    }

    @Test func `while the database is away messages wait, and no attempt is counted`() async throws {
        try await withPrivatePostgres { server in
            try await WorkerRig.with(database: server.createDatabase(migrations: .shop)) { rig in
                let attempts = Seen<Int>()
                try await rig.working(TallyHandler(policy: Policy(attempts: 1)) { attempts.add($0.envelope.attempt) }) { worker in
                    try await rig.publish([0])
                    try await rig.waitForEffects(1)
                    try await server.stop(.immediate)
                    try await rig.publish(1...20)
                    try await eventually("it notices", within: .seconds(60)) { worker.unready.contains { $0.contains("database") } }
                    try await server.start()
                    try await rig.waitForEffects(21)
                    try await eventually("it is ready again", within: .seconds(60)) { worker.unready.isEmpty }
                }
                #expect(try await rig.effects() == Array(0...20))
                #expect(Set(attempts.all) == [1])
                #expect(try await rig.attempts() == 0)
                try await eventually("nothing is left") { try await rig.left() == 0 }
            }
        }
    }
}

extension Mutex where Value == Bool {
    /// A shared flag.
    final class Reference: Sendable {
        private let flag: Mutex<Bool>
        init(_ value: Bool) { self.flag = Mutex(value) }
        var value: Bool { self.flag.withLock { $0 } }
        func set(_ value: Bool) { self.flag.withLock { $0 = value } }
    }
}
