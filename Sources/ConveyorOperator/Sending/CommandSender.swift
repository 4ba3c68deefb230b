public import Conveyor
import FoundationEssentials
public import Postgres
public import RabbitMQ

/// Sends commands through the queues, as a frontend would, and waits for their results.
public struct CommandSender: Sendable {
    let publisher: Publisher
    let pool: PostgresPool
    /// `operator:<name>`
    let actor: String

    /// A sender.
    /// - Parameter actor: `operator:<name>`, from `CommandContext.actor(for:in:)`.
    public init(publisher: Publisher, pool: PostgresPool, actor: String) {
        self.publisher = publisher
        self.pool = pool
        self.actor = actor
    }

    /// The result of a command.
    public enum Outcome: Sendable, Equatable {
        /// With the handler's result, as JSON.
        case succeeded(JSONText?)
        case rejected(Problem)
        /// The error of the dead letter.
        case dead(String)
        /// No result within the time limit.
        case undecided
    }

    /// The number of simultaneous commands.
    private static let window = 2000

    /// Sends commands under these ids and waits for each. One that was handled before under its id is not handled again, and has the same result.
    /// - Parameters:
    ///   - patience: how long to wait for the next result.
    ///   - progress: receives the number of results.
    /// - Returns: the outcome of each.
    /// - Throws: `Unavailable` if the broker does not confirm them.
    public func send<Payload: Command>(
        _ commands: [(id: ID, payload: Payload)], patience: Duration = .seconds(60), progress: (Int) -> Void = { _ in }
    ) async throws -> [ID: Outcome] {
        var outcomes: [ID: Outcome] = [:]
        for start in stride(from: 0, to: commands.count, by: Self.window) {
            let window = commands[start..<min(commands.count, start + Self.window)]
            try await self.publish(window)
            var waiting = Set(window.map(\.id))
            var changedAt = ContinuousClock.now
            var pause = Duration.milliseconds(10)
            while !waiting.isEmpty, ContinuousClock.now - changedAt < patience {
                let decided = try await self.decided(Array(waiting), Payload.type)
                if !decided.isEmpty {
                    outcomes.merge(decided) { $1 }
                    waiting.subtract(decided.keys)
                    changedAt = .now
                    progress(start + window.count - waiting.count)
                }
                if !waiting.isEmpty { try await Task.sleep(for: pause) }
                pause = min(pause * 2, .milliseconds(100))
            }
            for id in waiting { outcomes[id] = .undecided }
        }
        return outcomes
    }

    private func publish<Payload: Command>(_ commands: ArraySlice<(id: ID, payload: Payload)>) async throws {
        let now = Clock.milliseconds()
        let outgoing = try commands.map { command in
            try Outgoing(
                command.payload,
                envelope: Envelope(messageID: command.id, type: Payload.type, actor: self.actor, schema: command.payload.version, sentAt: now),
                appID: "conveyor")
        }
        if let failure = await self.publisher.publish(outgoing).compactMap({ $0 }).first {
            throw Unavailable("broker: \(Payload.type) was not taken (\(failure))")
        }
    }

    private static let handled: Statement = """
        select message_id, outcome, result, problem from inbox where message_id = any($1) and type = $2
        """
    private static let dead: Statement =
        "select message_id, error_type || ': ' || error from dead_letters where message_id = any($1) and status <> 'replayed'"

    private func decided(_ ids: [ID], _ type: String) async throws -> [ID: Outcome] {
        let results = try await self.pool.pipeline([Call(Self.handled, ids, type), Call(Self.dead, ids)])
        var outcomes: [ID: Outcome] = [:]
        for row in results[1] { outcomes[try row[0]] = .dead(try row[1]) }
        for row in results[0] {
            let problem = try row[3, as: JSONText?.self].map { try JSON.decode(Problem.self, from: $0.bytes) }
            outcomes[try row[0]] = try problem.map { .rejected($0) } ?? .succeeded(row[2])
        }
        return outcomes
    }
}
