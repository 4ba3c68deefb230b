import RabbitMQ
import Shop
import Testing

@testable import Conveyor

@Suite struct DispatcherTests {
    private let signals = Seen<Dispatcher.Signal>()

    private func dispatcher(_ size: Int = 10) -> Dispatcher {
        Dispatcher(
            batching: { Dispatcher.Batching(size: $0 == "single" ? 1 : size, isSideBySide: $0 == "outside") },
            signal: { [signals] in signals.add($0) })
    }

    private func delivery(
        _ tag: UInt64, _ type: String = "a", id: String? = nil, by actor: String? = nil, count: Int = 0
    ) -> Delivery {
        Delivery(
            deliveryTag: tag, epoch: 1, redelivered: count > 0, deliveryCount: count, exchange: "", routingKey: "",
            properties: Properties(messageID: id, type: type, headers: actor.map { ["actor": .string($0)] } ?? [:]),
            body: [])
    }

    /// The batches of a slot that settles each batch before it takes the next one.
    private func batches(_ dispatcher: Dispatcher) async -> [[UInt64]] {
        let drained = Task { await dispatcher.drain() }
        var batches: [[UInt64]] = []
        while let work = await dispatcher.next() {
            batches.append(work.deliveries.map(\.deliveryTag))
            await dispatcher.finished(work)
        }
        await drained.value
        return batches
    }

    private let ada = "\(ID(high: 1, low: 1))"
    private let bob = "\(ID(high: 2, low: 2))"

    private func tags(_ work: Dispatcher.Work?) -> [UInt64]? { work?.deliveries.map(\.deliveryTag) }

    @Test func `a batch has one type, that of the oldest message`() async {
        let dispatcher = self.dispatcher(2)
        await dispatcher.add([delivery(1), delivery(2, "b"), delivery(3), delivery(4), delivery(5, "single"), delivery(6, "single")])
        #expect(self.signals.all == [.take])
        var batches: [[UInt64]] = []
        for _ in 0..<5 { if let work = await dispatcher.next() { batches.append(work.deliveries.map(\.deliveryTag)) } }
        #expect(batches == [[1, 3], [2], [4], [5], [6]])
    }

    @Test func `messages of one actor keep their order across types, and do not make others' batches smaller`() async {
        let dispatcher = self.dispatcher()
        await dispatcher.add([
            delivery(1, "set", by: self.ada), delivery(2, "set", by: self.bob), delivery(3, "checkout", by: self.ada),
            delivery(4, "set", by: self.ada),
            delivery(5, "set", by: self.bob), delivery(6, "checkout", by: self.bob), delivery(7, "set"),
        ])
        #expect(await self.batches(dispatcher) == [[1, 2, 5, 7], [3, 6], [4]])
    }

    @Test func `messages of Stripe, the system and anonymous clients have no order`() async {
        for actor in ["stripe", "system", "anonymous", "somebody", nil] {
            let dispatcher = self.dispatcher()
            await dispatcher.add([delivery(1, "a", by: actor), delivery(2, "b", by: actor), delivery(3, "a", by: actor)])
            #expect(await self.batches(dispatcher) == [[1, 3], [2]])
        }
    }

    @Test func `an actor's next message waits until the previous one is committed, in any slot`() async throws {
        let dispatcher = self.dispatcher(1)
        let operators = "operator:eve"
        await dispatcher.add([delivery(1, by: operators), delivery(2, by: operators), delivery(3, by: self.bob)])
        let first = try #require(await dispatcher.next())
        let second = try #require(await dispatcher.next())
        #expect(self.tags(first) == [1] && self.tags(second) == [3])
        let waiting = Task { await dispatcher.next() }
        await dispatcher.committed(first)
        #expect(self.tags(await waiting.value) == [2])
    }

    @Test func `a batch that is committed one by one has one message per user`() async {
        let dispatcher = self.dispatcher()
        await dispatcher.add([
            delivery(1, "outside", by: self.ada), delivery(2, "outside", by: self.ada), delivery(3, "outside", by: self.bob),
            delivery(4, "outside", by: "operator:eve"), delivery(5, "outside", by: "operator:eve"),
        ])
        #expect(await self.batches(dispatcher) == [[1, 3, 4, 5], [2]])
    }

    @Test func `a copy of a message that is being prepared waits until it is committed, in any slot`() async throws {
        let dispatcher = self.dispatcher()
        await dispatcher.add([
            delivery(1, "outside", id: "m"), delivery(2, "outside", id: "m", by: self.ada), delivery(3, "outside", id: "n"),
            delivery(4, "a", id: "o"), delivery(5, "a", id: "o"),
        ])
        let first = try #require(await dispatcher.next())
        let second = try #require(await dispatcher.next())
        #expect(self.tags(first) == [1, 3] && self.tags(second) == [4, 5])
        let waiting = Task { await dispatcher.next() }
        await dispatcher.committed(first)
        #expect(self.tags(await waiting.value) == [2])
    }

    @Test func `a returning message goes before later ones of its actor`() async throws {
        let dispatcher = self.dispatcher()
        await dispatcher.add([delivery(1, by: self.bob)])
        await dispatcher.add([delivery(2, "a", by: self.ada, count: 1), delivery(3, "b", by: self.ada), delivery(4, "b", by: self.bob)])
        #expect(await self.batches(dispatcher) == [[1], [4], [2], [3]])
    }

    @Test func `messages that wait for too long are taken out as one batch`() async throws {
        let dispatcher = self.dispatcher(1)
        let now = ContinuousClock.now
        await dispatcher.add([delivery(1), delivery(2, "b"), delivery(3, count: 2)], now: now - .seconds(60))
        await dispatcher.add([delivery(4)], now: now)
        #expect(await dispatcher.takeOverdue(since: now - .seconds(61)).map(\.type) == nil)
        let overdue = try #require(await dispatcher.takeOverdue(since: now - .seconds(30)))
        #expect(self.tags(overdue) == [1, 2, 3])
        await dispatcher.finished(overdue)
        #expect(await self.batches(dispatcher) == [[4]])
    }

    @Test func `a redelivered message waits until no other is in work, and is handled alone`() async throws {
        let dispatcher = self.dispatcher()
        await dispatcher.add([delivery(1)])
        await dispatcher.add([delivery(2, count: 1), delivery(3), delivery(4, count: 3)])
        #expect(self.signals.all == [.take, .hold])
        let first = try #require(await dispatcher.next())
        #expect(self.tags(first) == [1, 3])
        let waiting = Task { await dispatcher.next() }
        await dispatcher.finished(first)
        let suspect = try #require(await waiting.value)
        #expect(self.tags(suspect) == [2])
        let next = Task { await dispatcher.next() }
        await dispatcher.finished(suspect)
        let last = try #require(await next.value)
        #expect(self.tags(last) == [4])
        #expect(self.signals.all == [.take, .hold])
        await dispatcher.finished(last)
        #expect(self.signals.all == [.take, .hold, .probe])
        await dispatcher.add([delivery(5, count: 1)])
        #expect(self.signals.all.last == .probe)
        await dispatcher.add([delivery(6)])
        // It is still a redelivery, so it is taken alone.
        #expect(self.signals.all.last == .probe)
    }

    @Test func `draining hands out the waiting messages, then ends the slots`() async throws {
        let dispatcher = self.dispatcher()
        await dispatcher.add([delivery(1), delivery(2, "b"), delivery(3, count: 1)])
        let drained = Task { await dispatcher.drain() }
        var handled: [UInt64] = []
        while let work = await dispatcher.next() {
            handled += work.deliveries.map(\.deliveryTag)
            await dispatcher.finished(work)
        }
        await drained.value
        #expect(handled.sorted() == [1, 2, 3])
        #expect(await dispatcher.next() == nil)
    }

    @Test func `waiting messages of a lost connection are dropped, those in work are not`() async throws {
        let dispatcher = self.dispatcher(1)
        await dispatcher.add([delivery(1), delivery(2), delivery(3, count: 1)])
        let inHand = try #require(await dispatcher.next())
        await dispatcher.reset()
        let next = Task { await dispatcher.next() }
        await dispatcher.finished(inHand)
        await dispatcher.add([delivery(1, count: 1)])
        #expect(await next.value?.deliveries[0].deliveryCount == 1)
    }

    @Test func `redeliveries over a new connection are taken one at a time as well`() async throws {
        let dispatcher = self.dispatcher()
        await dispatcher.add([delivery(1), delivery(2)])
        let inHand = try #require(await dispatcher.next())
        await dispatcher.reset()
        await dispatcher.finished(inHand)
        await dispatcher.add([delivery(1, count: 1)])
        #expect(self.signals.all == [.take, .hold])
        await dispatcher.finished(try #require(await dispatcher.next()))
        #expect(self.signals.all == [.take, .hold, .probe])
    }
}
