import RabbitMQ
import Testing

@testable import Kit

@Suite struct DispatcherTests {
    private let signals = Seen<Dispatcher.Signal>()

    private func dispatcher(_ size: Int = 10) -> Dispatcher {
        Dispatcher(batchSize: { $0 == "single" ? 1 : size }, signal: { [signals] in signals.add($0) })
    }

    private func delivery(_ tag: UInt64, _ type: String = "a", count: Int = 0) -> Delivery {
        Delivery(
            deliveryTag: tag, epoch: 1, redelivered: count > 0, deliveryCount: count, exchange: "", routingKey: "",
            properties: Properties(type: type),
            body: [])
    }

    private func tags(_ work: Dispatcher.Work?) -> [UInt64]? { work?.deliveries.map(\.deliveryTag) }

    @Test func `a batch is of one type, oldest first, and the types take turns`() async {
        let dispatcher = self.dispatcher(2)
        await dispatcher.add([delivery(1), delivery(2, "b"), delivery(3), delivery(4), delivery(5, "single"), delivery(6, "single")])
        #expect(self.signals.all == [.take])
        var batches: [[UInt64]] = []
        for _ in 0..<5 { if let work = await dispatcher.next() { batches.append(work.deliveries.map(\.deliveryTag)) } }
        #expect(batches == [[1, 3], [2], [5], [4], [6]])
    }

    @Test func `one that came back waits until nothing else is in hand, and is handled alone`() async throws {
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
        // Still one that came back: one at a time.
        #expect(self.signals.all.last == .probe)
    }

    @Test func `draining hands out what is there, then ends the lanes`() async throws {
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

    @Test func `what a lost connection had brought is forgotten, what is in hand is not`() async throws {
        let dispatcher = self.dispatcher(1)
        await dispatcher.add([delivery(1), delivery(2), delivery(3, count: 1)])
        let inHand = try #require(await dispatcher.next())
        await dispatcher.reset()
        let next = Task { await dispatcher.next() }
        await dispatcher.finished(inHand)
        await dispatcher.add([delivery(1, count: 1)])
        #expect(await next.value?.deliveries[0].deliveryCount == 1)
    }

    @Test func `what comes back over a new connection is taken one at a time as well`() async throws {
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
