import Synchronization

/// The audience of an event: a work queue, other queues, or none.
///
/// Events that the topology binds to a work queue are published until a queue takes them. Other events are optional: after one was returned
/// (`basic.return`), its type is skipped for ``silence`` and then tried again, so that a queue bound meanwhile gets the next one. A type in
/// `wanted_events`, whose binding a worker makes on demand, is never skipped.
final class Audience: Sendable {
    /// The time for which a type is skipped after one of its messages was returned.
    static let silence = Duration.seconds(30)

    private let wanted = Mutex<Set<String>>([])

    /// Sets the types in `wanted_events`.
    func want(_ types: Set<String>) { self.wanted.withLock { $0 = types } }

    /// When each skipped type may be tried again.
    private let unheard = Mutex<[String: ContinuousClock.Instant]>([:])

    private let requiredTypes: Set<String>
    private let requiredPatterns: [TopicPattern]

    init(_ definitions: Definitions) {
        let queues = Set(definitions.workQueues)
        let bindings = definitions.bindings.filter { $0.source == "events" && queues.contains($0.destination) }.map(\.routingKey)
        self.requiredTypes = Set(bindings)
        self.requiredPatterns = bindings.map(TopicPattern.init).filter { !$0.isLiteral }
    }

    /// Whether a work queue must get it: true for all but the events that the topology binds to none.
    func isRequired(exchange: String, type: String) -> Bool {
        guard exchange == "events" else { return true }
        return self.requiredTypes.contains(type) || self.requiredPatterns.contains { $0.matches(type) }
    }

    /// Whether to publish it now.
    func mayHear(_ type: String, now: ContinuousClock.Instant = .now) -> Bool {
        self.unheard.withLock { $0.isEmpty || $0[type].map { $0 <= now } ?? true } || self.wanted.withLock { $0.contains(type) }
    }

    /// The broker returned it: it has no queue.
    func heardNothing(_ type: String, now: ContinuousClock.Instant = .now) { self.unheard.withLock { $0[type] = now + Self.silence } }
}
