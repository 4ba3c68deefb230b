import FoundationEssentials
import Kit
import Postgres
import Shop

/// The carts of a batch's users, locked until its transaction ends: commands for one cart take effect one after the other, whichever workers have them.
struct LockedCarts: Sendable {
    /// When the last command to empty a cart was sent, by user.
    private var clearedAt: [ID: Date]

    private static let make: Statement = "insert into carts (user_id) select unnest($1) on conflict do nothing"
    private static let lock: Statement = "select user_id, cleared_at from carts where user_id = any($1) order by user_id for update"
    private static let noteCleared: Statement = """
        update carts c set cleared_at = m.cleared_at from unnest($1, $2) m(user_id, cleared_at) where c.user_id = m.user_id
        """
    private static let empty: Statement = """
        update cart_items i set quantity = 0, updated_at = m.cleared_at from unnest($1, $2) m(user_id, cleared_at)
        where i.user_id = m.user_id and i.quantity > 0 and i.updated_at <= m.cleared_at
        """
    private static let consume: Statement = """
        update cart_items i set quantity = 0, updated_at = greatest(i.updated_at, m.cleared_at) from unnest($1, $2) m(user_id, cleared_at)
        where i.user_id = m.user_id and i.quantity > 0
        """

    /// Locks the carts of these users, in the order of their ids; a user's first is made.
    static func lock(_ users: some Sequence<ID>, in transaction: Transaction) async throws(PostgresError) -> LockedCarts {
        let users = Array(Set(users)).sorted()
        transaction.enqueue(Self.make, users)
        var clearedAt: [ID: Date] = [:]
        for row in try await transaction.query(Self.lock, users) {
            if let time = try row[1, as: Date?.self] { clearedAt[try row[0, as: ID.self]] = time }
        }
        return LockedCarts(clearedAt: clearedAt)
    }

    /// Whether a command to put something into a cart was sent before one that emptied it, and comes too late.
    func isOutdated(_ user: ID, sentAt: Date) -> Bool { self.clearedAt[user].map { sentAt < $0 } ?? false }

    /// Notes that a cart is emptied by a command.
    private mutating func clear(_ user: ID, sentAt: Date) { self.clearedAt[user] = max(self.clearedAt[user] ?? sentAt, sentAt) }

    /// Empties carts of what was put into them before these commands were sent.
    mutating func empty(_ commands: [(user: ID, sentAt: Date)], in transaction: Transaction) {
        for command in commands { self.clear(command.user, sentAt: command.sentAt) }
        let users = Array(Set(commands.map(\.user)))
        let times = users.map { self.clearedAt[$0] }
        transaction.enqueue(Self.noteCleared, users, times)
        transaction.enqueue(Self.empty, users, times)
    }

    /// Empties carts of all that is in them: it has become orders.
    mutating func consume(_ commands: [(user: ID, sentAt: Date)], in transaction: Transaction) {
        guard !commands.isEmpty else { return }
        for command in commands { self.clear(command.user, sentAt: command.sentAt) }
        let users = commands.map(\.user)
        let times = users.map { self.clearedAt[$0] }
        transaction.enqueue(Self.noteCleared, users, times)
        transaction.enqueue(Self.consume, users, times)
    }
}
