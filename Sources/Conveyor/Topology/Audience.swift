import Synchronization

/// Who hears an event: a queue of ours that must, somebody else, or nobody.
///
/// What the topology binds to a work queue is published until a queue takes it. Other events are published for as long as anybody listens: one that comes
/// back (`basic.return`) is left out for ``silence``, then it is tried again, so that a queue that somebody binds meanwhile gets the next one.
final class Audience: Sendable {
    /// How long an event that nobody heard is left out.
    static let silence = Duration.seconds(30)

    /// When each type that nobody heard may be tried again.
    private let unheard = Mutex<[String: ContinuousClock.Instant]>([:])

    private let requiredTypes: Set<String>
    private let requiredPatterns: [TopicPattern]

    init(_ definitions: Definitions) {
        let queues = Set(definitions.workQueues)
        let bindings = definitions.bindings.filter { $0.source == "events" && queues.contains($0.destination) }.map(\.routingKey)
        self.requiredTypes = Set(bindings)
        self.requiredPatterns = bindings.map(TopicPattern.init).filter { !$0.isLiteral }
    }

    /// Whether a queue of ours must hear it: all but the events that the topology binds to no work queue.
    func isRequired(exchange: String, type: String) -> Bool {
        guard exchange == "events" else { return true }
        return self.requiredTypes.contains(type) || self.requiredPatterns.contains { $0.matches(type) }
    }

    /// Whether it is worth publishing.
    func mayHear(_ type: String, now: ContinuousClock.Instant = .now) -> Bool {
        self.unheard.withLock { $0.isEmpty || $0[type].map { $0 <= now } ?? true }
    }

    /// It came back: no queue took it.
    func heardNothing(_ type: String, now: ContinuousClock.Instant = .now) { self.unheard.withLock { $0[type] = now + Self.silence } }
}
