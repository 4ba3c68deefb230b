import Conveyor
import Fixtures
import Postgres
import RabbitMQ
import Shop
import Testing

@testable import ExampleWorker

/// The worker on a real broker and a real database: commit, then publish, then acknowledge.
@Suite struct WorkerTests {
    @Test func `a batch commits once, with its inbox rows and its emitted messages`() async throws {
        try await WorkerRig.with { rig in
            let ids = (0..<50).map { ID.v7(milliseconds: 1_795_467_845_000 + UInt64($0)) }
            try await rig.publish(try ids.enumerated().map { try rig.message($0.offset, id: $0.element) })
            let batches = Seen<Int>()
            try await rig.working(TallyHandler(checkAll: { batch, _ in batches.add(batch.count) })) { _ in try await rig.waitForEffects(50) }

            #expect(try await rig.effects() == Array(0..<50))
            #expect(batches.all.reduce(0, +) == 50)
            #expect(batches.all.contains { $0 > 1 })
            try await eventually("nothing is left") { try await rig.left() == 0 }
            let inbox = try await rig.database.psql(
                "select message_id, correlation_id, outcome, decides, attempt, type, result ->> 'number' from inbox where consumer = 'tests' order by 1"
            )
            #expect(inbox == ids.enumerated().map { number, id in ["\(id)", "\(id)", "succeeded", "t", "1", "tests.tally", "\(number)"] })

            // 50 events, and at least one hint about finished operations.
            var heard: [Delivery] = []
            try await withConsumer(rig.host.amqpURL, queue: .named("heard"), prefetch: 200) { consumer in
                while heard.count(where: { $0.routingKey == Counted.type }) < 50 { heard += try await consumer.takeAndAcknowledge(1) }
            }
            let events = heard.filter { $0.routingKey == Counted.type }
            for event in events {
                let counted = try JSON.decode(Counted.self, from: event.body)
                let cause = ids[counted.number]
                #expect(event.properties.messageID == "\(cause.derived("0"))")
                #expect(event.properties.correlationID == "\(cause)")
                #expect(event.properties.headers["causation-id"] == .string("\(cause)"))
                #expect(event.properties.headers["attempt"] == nil)
                #expect(event.properties.appID == "tests")
            }
            #expect(Set(events.map(\.properties.messageID)).count == 50)
        }
    }

    @Test func `a redelivered message has no effect, and its emitted messages are published again unchanged`() async throws {
        try await WorkerRig.with { rig in
            let message = try rig.message(7)
            try await rig.publish([message])
            try await rig.working(TallyHandler()) { _ in
                try await withConsumer(rig.host.amqpURL, queue: .named("heard")) { consumer in
                    func next() async throws -> Delivery {
                        while true {
                            let heard = try await consumer.takeAndAcknowledge(1)
                            if let event = heard.first(where: { $0.routingKey == Counted.type }) { return event }
                        }
                    }
                    let first = try await next()
                    var later = message
                    later.properties.headers["attempt"] = 3
                    for message in [message, later] {
                        try await rig.publish([message])
                        let again = try await next()
                        #expect(again.properties == first.properties)
                        #expect(again.body == first.body)
                    }
                }
            }
            #expect(try await rig.effects() == [7])
            try await eventually("nothing is left") { try await rig.left() == 0 }
        }
    }

    @Test func `copies in two workers at the same time take effect once`() async throws {
        try await WorkerRig.with { rig in
            let messages = try (0..<200).map { try rig.message($0) }
            try await rig.publish((messages + messages + messages).shuffled())
            try await rig.working(TallyHandler(), lanes: 4) { _ in
                try await rig.working(TallyHandler(), lanes: 4) { _ in
                    try await eventually("the queue is empty", within: .seconds(90)) { try await rig.left() == 0 }
                }
            }
            #expect(try await rig.effects() == Array(0..<200))
            try await eventually("nothing is left") { try await rig.left() == 0 }
        }
    }

    @Test func `a message whose connection is lost during its handling takes effect once`() async throws {
        try await WorkerRig.with { rig in
            let (arrived, door) = (Door(), Door())
            let handled = Seen<Int>()
            let handler = TallyHandler { received in
                handled.add(received.payload.number)
                arrived.open()
                await door.pass()
            }
            try await rig.publish([1])
            try await rig.working(handler) { _ in
                await arrived.pass()
                try await rig.host.closeConnections(atLeast: 3)  // the test's publisher, the worker's and its consumer
                try await eventually("the broker has it back or gives it again", within: .seconds(60)) {
                    try await rig.left() == 1 || handled.all.count > 1
                }
                door.open()
                try await rig.waitForEffects(1)
                try await eventually("it is settled", within: .seconds(60)) {
                    let (left, held) = (try await rig.left(), try await rig.held())
                    return left == 0 && held == 0
                }
            }
            #expect(try await rig.effects() == [1])
            try await eventually("nothing is left") { try await rig.left() == 0 }
        }
    }

    @Test func `at the end messages in work are finished, and no more are taken`() async throws {
        try await WorkerRig.with { rig in
            let (arrived, door) = (Door(), Door())
            let handler = TallyHandler(policy: Policy(largestBatch: 1)) { _ in
                arrived.open()
                await door.pass()
            }
            try await rig.publish([1])
            let opening = try await rig.working(handler) { _ in
                await arrived.pass()
                // Consuming again with another prefetch does not end the worker.
                try await eventually("it takes as many as it may", within: .seconds(60)) { try await rig.consumers() == [512] }
                return Task {
                    // It takes no more messages once it ends.
                    try await eventually("no consumer is left", within: .seconds(60)) { try await rig.consumers().isEmpty }
                    try await rig.publish([2])
                    door.open()
                }
            }
            try await opening.value
            #expect(try await rig.effects() == [1])
            #expect(try await rig.left() == 1)
        }
    }

    @Test func `an operator pauses a queue and resumes it, without a restart`() async throws {
        try await WorkerRig.with { rig in
            func control(_ paused: Bool) async throws {
                try await rig.database.psql(
                    """
                    insert into queue_controls (queue, paused, actor) values ('tests', \(paused), 'test')
                    on conflict (queue) do update set paused = excluded.paused
                    """)
            }
            try await rig.working(TallyHandler()) { worker in
                try await rig.publish(0..<5)
                try await rig.waitForEffects(5)
                try await control(true)
                try await eventually("it takes nothing more", within: .seconds(60)) { try await rig.consumers().isEmpty }
                try await rig.publish(5..<10)
                #expect(worker.unready.isEmpty)
                #expect(try await rig.left() == 5)
                try await control(false)
                try await rig.waitForEffects(10)
            }
            #expect(try await rig.effects() == Array(0..<10))
        }
    }

    @Test func `emitted messages are published until a queue takes them, and only then is the message acknowledged`() async throws {
        struct Forward: Command {
            static let type = "elsewhere.go"
        }
        struct Forwarder: Handler {
            func handle(_ batch: [Received<Tally, Void>], in transaction: Transaction) async throws -> [Reply] {
                batch.map { _ in .passedOn(emits: [Forward()]) }
            }
        }
        try await WorkerRig.with { rig in
            let message = try rig.message(1)
            try await rig.publish([message])
            try await rig.working(Forwarder()) { _ in
                try await eventually("it is committed", within: .seconds(60)) { try await rig.database.value("select count(*) from inbox") == "1" }
                try await eventually("the worker holds it", within: .seconds(60)) { try await rig.held() == 1 }
                try await rig.host.declareQueue("elsewhere")
                try await rig.host.bind("elsewhere", to: "commands", routingKey: "elsewhere.#")
                let forwarded = try await rig.taken(1, from: "elsewhere")[0]
                #expect(forwarded.properties.headers["causation-id"] == message.properties.messageID.map { .string($0) })
                try await eventually("it is acknowledged", within: .seconds(60)) { try await rig.held() == 0 }
            }
            #expect(try await rig.database.value("select decides from inbox") == "f")
            try await eventually("nothing is left") { try await rig.left() == 0 }
        }
    }

    @Test func `messages of one user take effect in order, across types, slots and batches`() async throws {
        /// Writes actor and number of each message, of either type.
        struct Log<Input: Message>: Handler {
            let number: @Sendable (Input) -> Int
            var policy: Policy { Policy(largestBatch: 5) }
            func handle(_ batch: [Received<Input, Void>], in transaction: Transaction) async throws -> [Reply] {
                // Slowly, one after the other.
                try await transaction.query("select pg_sleep(0.001 * (random() * 5)::int)")
                transaction.enqueue(
                    "insert into log (actor, number) select * from unnest($1::text[], $2::int4[])", batch.map(\.envelope.actor),
                    batch.map { Int32(self.number($0.payload)) })
                return batch.map { _ in .done() }
            }
        }
        try await WorkerRig.with { rig in
            try await rig.database.psql("create table log (id bigint generated always as identity, actor text, number int)")
            let actors = (0..<6).map { "\(ID(high: 1, low: UInt64($0)))" } + ["operator:eve"]
            var messages: [Outgoing] = []
            for number in 0..<60 {
                for (index, actor) in actors.enumerated() {
                    var message = (number + index) % 3 == 0 ? try rig.note(number) : try rig.message(number)
                    message.properties.headers["actor"] = .string(actor)
                    messages.append(message)
                }
            }
            try await rig.publish(messages)
            try await rig.working(Log<Tally> { $0.number }, Log<Note> { $0.number }, lanes: 4) { _ in
                try await eventually("all are handled", within: .seconds(90)) { try await rig.database.value("select count(*) from log") == "420" }
            }
            let outOfOrder = """
                select count(*) from (select number < lag(number) over (partition by actor order by id) as is_late from log) l where is_late
                """
            #expect(try await rig.database.value(outOfOrder) == "0")
        }
    }

    @Test func `a message with an external call is committed as soon as the call has ended, whatever the others do`() async throws {
        struct Caller: Handler {
            let door: Door
            func prepare(_ message: Tally, _ envelope: Envelope) async throws -> Int {
                if message.number == 0 { await self.door.pass() }
                return message.number
            }
            func handle(_ batch: [Received<Tally, Int>], in transaction: Transaction) async throws -> [Reply] {
                transaction.enqueue(
                    "insert into effects (message_id, number) select * from unnest($1::uuid[], $2::int4[])", batch.map(\.envelope.messageID),
                    batch.map { Int32($0.prepared) })
                return batch.map { .done(emits: [Counted(number: $0.prepared)]) }
            }
        }
        try await WorkerRig.with { rig in
            let door = Door()
            try await rig.publish(0..<10)
            try await rig.working(Caller(door: door), lanes: 1) { _ in
                try await rig.waitForEffects(9)
                let heard = try await rig.taken(9, from: "heard").filter { $0.routingKey == Counted.type }
                #expect(!heard.isEmpty)
                door.open()
                try await rig.waitForEffects(10)
            }
            #expect(try await rig.effects() == Array(0..<10))
        }
    }

    @Test func `while one batch's messages are unconfirmed the next one is committed, and neither is acknowledged`() async throws {
        struct Forward: Command {
            static let type = "elsewhere.go"
        }
        struct Forwarder: Handler {
            var policy: Policy { Policy(largestBatch: 1) }
            func handle(_ batch: [Received<Tally, Void>], in transaction: Transaction) async throws -> [Reply] {
                batch.map { _ in .passedOn(emits: [Forward()]) }
            }
        }
        try await WorkerRig.with { rig in
            try await rig.publish(1...3)
            try await rig.working(Forwarder(), lanes: 1) { _ in
                try await eventually("two are committed", within: .seconds(60)) { try await rig.database.value("select count(*) from inbox") == "2" }
                try await eventually("all are held", within: .seconds(60)) { try await rig.held() == 3 }
                try await rig.host.declareQueue("elsewhere")
                try await rig.host.bind("elsewhere", to: "commands", routingKey: "elsewhere.#")
                _ = try await rig.taken(3, from: "elsewhere")
                try await eventually("all are acknowledged", within: .seconds(60)) { try await rig.held() == 0 }
            }
            try await eventually("nothing is left") { try await rig.left() == 0 }
        }
    }

    @Test func `an event for a work queue is published until a queue takes it, and an unbound one is not`() async throws {
        struct Paid: Event {
            static let type = "payment.succeeded"
        }
        struct Shouter: Handler {
            func handle(_ batch: [Received<Tally, Void>], in transaction: Transaction) async throws -> [Reply] {
                batch.map { $0.payload.number == 0 ? .done(emits: [Counted(number: 0)]) : .done(emits: [Counted(number: 1), Paid()]) }
            }
        }
        try await WorkerRig.with { rig in
            try await rig.host.deleteQueue("heard")
            try await rig.publish([0])
            try await rig.working(Shouter()) { _ in
                try await eventually("no queue receives it, and it is acknowledged", within: .seconds(60)) {
                    let (committed, held) = (try await rig.database.value("select count(*) from inbox"), try await rig.held())
                    return committed == "1" && held == 0
                }
                let message = try rig.message(1)
                try await rig.publish([message])
                try await eventually("it is held", within: .seconds(60)) {
                    let (committed, held) = (try await rig.database.value("select count(*) from inbox"), try await rig.held())
                    return committed == "2" && held == 1
                }
                try await rig.host.declareQueue("heard")
                try await rig.host.bind("heard", to: "events", routingKey: "#")
                let heard = try await withConsumer(rig.host.amqpURL, queue: .named("heard")) { (consumer) async throws -> Delivery in
                    while true {
                        if let event = try await consumer.takeAndAcknowledge(1).first(where: { $0.routingKey == Paid.type }) { return event }
                    }
                }
                #expect(heard.properties.headers["causation-id"] == message.properties.messageID.map { .string($0) })
            }
            try await eventually("nothing is left") { try await rig.left() == 0 }
        }
    }
}
