import Postgres

/// Locks on things that may have no row, until the transaction ends (`pg_advisory_xact_lock`).
enum Lock: Int32 {
    case orders = 5001
    case intents = 5002

    // The key space of two integers: the inbox uses that of one.
    private static let take: Statement = """
        select pg_advisory_xact_lock($1, key) from (select distinct hashtext(name) as key from unnest($2) name order by 1) keys
        """

    /// Waits for the locks, always in the same order.
    func take(_ names: [String], in transaction: Transaction) { transaction.enqueue(Self.take, self.rawValue, names) }
}
