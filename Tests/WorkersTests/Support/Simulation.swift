import Conveyor
import ConveyorTesting
import Fixtures
import Postgres
import Shop
import Testing

/// Delivers messages, and all that follow from them, to the workers of a bench in random order: any message may be next, in a batch with any others
/// of its type; some are repeated. Messages that a worker could not handle yet come again later.
struct Simulation {
    private let bench: Bench
    private var generator: SeededGenerator
    private var waiting: [Sent] = []
    private var later: [Sent] = []
    private var unlocked: [ID: [Sent]]

    /// The messages for workers that are not on the bench.
    private(set) var outside: [Sent] = []
    /// The dead letters.
    private(set) var dead: [String] = []

    /// - Parameters:
    ///   - seed: the same seed gives the same order.
    ///   - unlocked: the messages that follow a handled one.
    init(_ bench: Bench, seed: UInt64, unlocked: [ID: [Sent]] = [:]) {
        self.bench = bench
        self.generator = SeededGenerator(seed: seed)
        self.unlocked = unlocked
    }

    /// Runs until no message is left.
    mutating func run(_ messages: [Sent]) async throws {
        self.waiting += messages
        while true {
            if self.waiting.isEmpty { swap(&self.waiting, &self.later) }
            guard let next = self.waiting.randomElement(using: &self.generator) else { return }
            let batch = self.takeBatch(like: next)
            // A batch contains each message once, as a worker's does.
            let outcomes = try await self.bench.take(batch)
            for (message, outcome) in zip(batch, outcomes) { self.follow(message, outcome) }
            // A duplicate: perhaps at once, perhaps much later.
            for message in batch where Int.random(in: 0..<5, using: &self.generator) == 0 {
                if case .known = try await self.bench.take([message])[0] { continue }
                // It was not handled the first time, so this one was its first.
                self.waiting.append(message)
            }
        }
    }

    private mutating func takeBatch(like next: Sent) -> [Sent] {
        let alike = self.waiting.indices.filter { self.waiting[$0].type == next.type && self.waiting[$0].queue == next.queue }
        let count = Int.random(in: 1...min(alike.count, 12), using: &self.generator)
        let chosen = alike.shuffled(using: &self.generator).prefix(count)
        let batch = chosen.map { self.waiting[$0] }
        for index in chosen.sorted(by: >) { self.waiting.remove(at: index) }
        return batch
    }

    private mutating func follow(_ message: Sent, _ outcome: Bench.Outcome) {
        switch outcome {
        case .replied(let reply):
            for (position, payload) in reply.emits.enumerated() {
                for queue in Sent.queues(of: Swift.type(of: payload).type) {
                    let next = Sent(payload, emittedBy: message.envelope, at: position, sentAt: Clock.milliseconds(), queue: queue)
                    if self.bench.serves(queue) { self.waiting.append(next) } else { self.outside.append(next) }
                }
            }
            self.waiting += self.unlocked.removeValue(forKey: message.id) ?? []
        case .known: break
        case .retried:
            var again = message
            again.envelope.attempt += 1
            self.later.append(again)
        case .dead(let type, let text): self.dead.append("\(message.type) \(type): \(text)")
        }
    }
}

/// A reproducible pseudo-random generator (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var value = self.state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
