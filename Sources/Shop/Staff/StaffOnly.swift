public import Conveyor
public import Postgres

/// Wraps a handler whose messages only the staff, or an operator's tool, may send: looks up the actors in the database, once per batch.
///
/// The ingress checks as well. This also covers messages from elsewhere, and senders who lost the right after the request was accepted.
public struct StaffOnly<Wrapped: Handler>: Handler {
    private let wrapped: Wrapped

    /// Passes only the staff's messages to the handler; rejects the rest with `forbidden`.
    public init(_ wrapped: Wrapped) {
        self.wrapped = wrapped
    }

    /// The handler's policy.
    public var policy: Policy { self.wrapped.policy }

    /// As in the handler, which must itself check rights before it calls external services.
    public func prepare(_ message: Wrapped.Input, _ envelope: Envelope) async throws -> Wrapped.Prepared {
        try await self.wrapped.prepare(message, envelope)
    }

    /// Passes the staff's messages to the handler.
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

/// The check for the staff's rights.
public enum Staff {
    /// The problem for other actors.
    public static let forbidden = Problem(.forbidden, "Only the shop's staff may do this.")

    private static let find: Statement = "select id from users where id = any($1) and is_active and is_superuser and erased_at is null"

    /// The actors with the staff's rights: active superusers, operators' tools, and the system.
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
