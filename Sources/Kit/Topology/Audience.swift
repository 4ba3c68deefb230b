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

    /// Whether a queue of ours must hear it: all but the events that the topology binds to no work queue.
    static func isRequired(exchange: String, type: String) -> Bool {
        guard exchange == "events" else { return true }
        return self.requiredTypes.contains(type) || self.requiredPatterns.contains { $0.matches(type) }
    }

    /// Whether it is worth publishing.
    func mayHear(_ type: String, now: ContinuousClock.Instant = .now) -> Bool {
        self.unheard.withLock { $0.isEmpty || $0[type].map { $0 <= now } ?? true }
    }

    /// It came back: no queue took it.
    func heardNothing(_ type: String, now: ContinuousClock.Instant = .now) { self.unheard.withLock { $0[type] = now + Self.silence } }

    private static let bindings: [String] = {
        guard let definitions = try? Definitions(ladder: .standard) else { return ["#"] }
        let queues = Set(definitions.workQueues)
        return definitions.bindings.filter { $0.source == "events" && queues.contains($0.destination) }.map(\.routingKey)
    }()
    private static let requiredTypes = Set(bindings)
    private static let requiredPatterns = bindings.map(TopicPattern.init).filter { !$0.isLiteral }
}
