public import Conveyor
public import Postgres

/// A handler whose messages only the shop's staff may send, or an operator's tool: the actors are looked up in the database, once a batch.
///
/// The ingress looks as well. But what comes to the queue by another way, or was accepted before its sender lost the right, has no effect.
public struct StaffOnly<Wrapped: Handler>: Handler {
    private let wrapped: Wrapped

    /// Lets a handler see the messages of the staff alone; the rest is rejected as `forbidden`.
    public init(_ wrapped: Wrapped) {
        self.wrapped = wrapped
    }

    /// That of the handler.
    public var policy: Policy { self.wrapped.policy }

    /// As the handler does: what only the staff may have done outside, it must look at itself.
    public func prepare(_ message: Wrapped.Input, _ envelope: Envelope) async throws -> Wrapped.Prepared {
        try await self.wrapped.prepare(message, envelope)
    }

    /// Hands the messages of the staff on to the handler.
    public func handle(_ batch: [Received<Wrapped.Input, Wrapped.Prepared>], in transaction: Transaction) async throws -> [Reply] {
        let staff = try await Staff.among(batch.map(\.envelope.actor), in: transaction)
        let allowed = batch.filter { staff.contains($0.envelope.actor) }
        var replies = allowed.isEmpty ? [] : try await self.wrapped.handle(allowed, in: transaction)[...]
        guard replies.count == allowed.count else {
            throw Poison(.bug, "\(Wrapped.Input.type): \(replies.count) replies to \(allowed.count) messages")
        }
        return batch.map { staff.contains($0.envelope.actor) ? replies.removeFirst() : .rejected(Staff.forbidden) }
    }
}

/// Who may do what only the shop's staff may.
public enum Staff {
    /// What others are answered.
    public static let forbidden = Problem(.forbidden, "Only the shop's staff may do this.")

    private static let find: Statement = "select id from users where id = any($1) and is_active and is_superuser and erased_at is null"

    /// Those actors that are of the staff: active superusers, and whatever an operator's tool or the system sends.
    public static func among(_ actors: [String], in transaction: Transaction) async throws(PostgresError) -> Set<String> {
        var staff = Set(actors.filter(self.isOperator))
        var users: [ID: String] = [:]
        for actor in actors { if let id = ID(actor) { users[id] = actor } }
        guard !users.isEmpty else { return staff }
        for id in try await transaction.query(self.find, Array(users.keys)).decode(ID.self) { if let actor = users[id] { staff.insert(actor) } }
        return staff
    }

    private static func isOperator(_ actor: String) -> Bool { actor == "system" || actor.hasPrefix("operator:") }
}
