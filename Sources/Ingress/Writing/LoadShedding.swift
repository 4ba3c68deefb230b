import Conveyor
import Logging
import RabbitMQ
import ServiceLifecycle
import Shop
import Synchronization

/// Refuses writes for a queue with too many waiting messages: the one place that sheds load.
///
/// A queue's length never stops a worker: two workers that wait for room in each other's queues would wait for ever. So the queues hold far more
/// than this limit, which thereby also bounds the workers' own messages.
///
/// It asks for the depths every second, apart from the requests: a request costs one atomic load as long as no queue is full.
final class LoadShedding: Service {
    private let limit: Int
    private let inspector: BrokerInspector
    private let logger: Logger
    /// The queues that a message goes to, by its type.
    private let queues: [String: [String]]
    private let names: [String]
    private let full = Mutex<Set<String>>([])
    private let isAnyFull = Atomic(false)
    private let hasLooked = Atomic(false)

    /// - Throws: if `QUEUE_LIMIT` is not a number of messages.
    init(settings: Settings, configuration: BrokerConfiguration, logger: Logger) throws {
        self.limit = try settings.queueLimit()
        self.inspector = BrokerInspector(configuration: configuration)
        self.logger = logger
        let definitions = Definitions(ladder: .standard)
        self.names = definitions.workQueues
        self.queues = Dictionary(uniqueKeysWithValues: MessageCatalogue.all.map { ($0.type, definitions.queues(of: $0)) })
    }

    /// Whether the depths have been read since the start.
    var isReady: Bool { self.hasLooked.load(ordering: .relaxed) }

    /// - Parameter type: the type of the message to publish.
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

    /// Without an answer nothing is refused: the queues have their own limits, and publishing itself detects an unreachable broker.
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
            self.logger.notice("writes for queue \(queue) are accepted again", metadata: ["queue": "\(queue)"])
        }
    }
}

extension Problem {
    static let queueFull = Problem(.queueFull, "The queue is full; nothing was accepted. Try again later.")
}
