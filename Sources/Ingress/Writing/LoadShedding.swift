import Conveyor
import Logging
import RabbitMQ
import ServiceLifecycle
import Shop
import Synchronization

/// Refuses writes for a queue in which too many messages wait already: the one place where load is shed.
///
/// Workers are never refused for a queue's length: two that wait for room in each other's queues would wait for ever. So the queues take far more than
/// this limit, and what workers add to what was accepted here is bounded by it.
///
/// The depths are asked for every second, aside from the requests: a request costs one atomic load as long as no queue is full.
final class LoadShedding: Service {
    private let limit: Int
    private let inspector: BrokerInspector
    private let logger: Logger
    /// By the type of what is published: the queue that it goes to.
    private let queues: [String: [String]]
    private let names: [String]
    private let full = Mutex<Set<String>>([])
    private let isAnyFull = Atomic(false)
    private let hasLooked = Atomic(false)

    /// - Throws: `QUEUE_LIMIT` is no number of messages.
    init(settings: Settings, configuration: BrokerConfiguration, logger: Logger) throws {
        self.limit = try settings.queueLimit()
        self.inspector = BrokerInspector(configuration: configuration)
        self.logger = logger
        let definitions = Definitions(ladder: .standard)
        self.names = definitions.workQueues
        self.queues = Dictionary(uniqueKeysWithValues: MessageCatalogue.all.map { ($0.type, definitions.queues(of: $0)) })
    }

    /// Whether the queues have been looked at since the start.
    var isReady: Bool { self.hasLooked.load(ordering: .relaxed) }

    /// - Parameter type: of what is to be published.
    /// - Throws: `Problem` `queue_full`.
    func check(_ type: String) throws(Problem) {
        guard self.isAnyFull.load(ordering: .relaxed) else { return }
        let full = self.full.withLock(\.self)
        guard self.queues[type]?.contains(where: full.contains) == true else { return }
        throw .queueFull
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await self.inspector.watch(self.names, every: .seconds(1), logger: self.logger) { self.take($0) }
        }
    }

    /// Without an answer nothing is known, and nothing is refused: the queues have limits of their own, and publishing tells by itself that the broker
    /// is away.
    private func take(_ states: [String: QueueState]?) {
        let full = Set((states ?? [:]).filter { $0.value.messages >= self.limit }.keys)
        let before = self.full.withLock { current in
            defer { current = full }
            return current
        }
        self.isAnyFull.store(!full.isEmpty, ordering: .relaxed)
        if states != nil { self.hasLooked.store(true, ordering: .relaxed) }
        for queue in full.subtracting(before).sorted() {
            self.logger.warning("queue \(queue) holds \(self.limit) messages or more: writes for it are refused", metadata: ["queue": "\(queue)"])
        }
        for queue in before.subtracting(full).sorted() {
            self.logger.notice("writes for queue \(queue) are taken again", metadata: ["queue": "\(queue)"])
        }
    }
}

extension Problem {
    static let queueFull = Problem(.queueFull, "The queue is full; nothing was accepted. Try again later.")
}
