import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// The carts of a batch's users, locked until its transaction ends: commands for one cart take effect one after the other, in whichever workers.
struct LockedCarts: Sendable {
    /// The kinds of commands for a cart.
    enum Act: String, CaseIterable, Sendable {
        /// Sets an item.
        case set
        /// Empties it.
        case cleared
        /// Turns it into an order.
        case checkedOut = "checked_out"
    }

    private var changes: [ID: Changes] = [:]
    private var changed: Set<ID> = []

    private static let make: Statement = "insert into carts (user_id) select unnest($1) on conflict do nothing"
    private static let lock: Statement = "select user_id, changed from carts where user_id = any($1) order by user_id for update"
    private static let write: Statement = """
        update carts c set changed = m.changed, cleared_at = case when m.user_id = any($3) then now() else c.cleared_at end
        from unnest($1, $2) m(user_id, changed) where c.user_id = m.user_id
        """
    private static let empty: Statement = """
        update cart_items set quantity = 0, updated_at = now(), changed = null where user_id = any($1) and quantity > 0
        """

    /// Locks the carts of these users, in the order of their ids, and creates missing ones. Runs the given queries under the lock.
    /// - Returns: the carts, and the rows of the queries.
    static func lock(_ users: some Sequence<ID>, and calls: [Call], in transaction: Transaction) async throws -> (carts: LockedCarts, rows: [Rows]) {
        let users = Array(Set(users)).sorted()
        transaction.enqueue(Self.make, users)
        let rows = try await transaction.pipeline([Call(Self.lock, users)] + calls)
        var carts = LockedCarts()
        for row in rows[0] { carts.changes[try row[0, as: ID.self]] = try Changes(row[1, as: JSONText?.self]) }
        return (carts, Array(rows.dropFirst()))
    }

    /// Admits a command, unless a newer one was applied.
    /// - Parameter acts: the kinds that it must not come after; the first is its own.
    /// - Throws: `cart_checked_out` if a newer command has made an order of the cart, `superseded` if a newer one has changed it otherwise.
    mutating func admit(_ acceptance: Acceptance, _ user: ID, _ act: Act, notAfter acts: [Act]) throws(Problem) {
        try self.check(acceptance, user, notAfter: acts)
        self.note(acceptance, user, act)
    }

    /// As ``admit(_:_:_:notAfter:)``, for a command that may have no effect.
    func check(_ acceptance: Acceptance, _ user: ID, notAfter acts: [Act]) throws(Problem) {
        for act in acts where self.changes[user]?.isSuperseded(acceptance, in: act.rawValue) == true {
            guard act == .checkedOut else { throw .superseded }
            throw Problem(.cartCheckedOut, "The cart became an order before this change; nothing was changed.")
        }
    }

    /// Records an applied command.
    mutating func note(_ acceptance: Acceptance, _ user: ID, _ act: Act) {
        self.changes[user, default: Changes()].note(acceptance, in: [act.rawValue])
        self.changed.insert(user)
    }

    /// Writes the records with the transaction's next round trip.
    /// - Parameter emptied: the users whose carts become empty.
    func write(emptying emptied: Set<ID> = [], in transaction: Transaction) throws {
        guard !self.changed.isEmpty else { return }
        let users = self.changed.sorted()
        transaction.enqueue(Self.write, users, try users.map { try self.changes[$0]?.json }, Array(emptied))
        if !emptied.isEmpty { transaction.enqueue(Self.empty, emptied.sorted()) }
    }
}
