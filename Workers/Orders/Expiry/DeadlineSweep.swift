import Conveyor
import FoundationEssentials
import Logging
import Postgres
import RabbitMQ
import Shop

/// The clock of the payment deadlines: sends `orders.expire` for each that has passed, at most a second late. A schedule, run by one orders-worker at a
/// time; two at once would take rows that the other has not locked.
///
/// A deadline is forgotten only after its command was confirmed. A process that dies in between leaves it to the next one, which sends the same message under the
/// same id.
struct DeadlineSweep: Sendable {
    /// Publishes; one result a message, nil if it was confirmed.
    typealias Publish = @Sendable ([Outgoing]) async -> [PublishFailure?]

    let pool: PostgresPool
    let publish: Publish
    let logger: Logger

    private static let batchSize: Int32 = 500

    /// Seconds; null if there is none, negative if it has passed.
    private static let untilNext: Statement = "select extract(epoch from min(due_at) - now())::float8 from payment_deadlines"

    /// The left join is null for an order that was decided meanwhile, or whose deadline was moved: such a row is only forgotten.
    private static let takePassed: Statement = """
        select d.due_at, d.order_id, o.id is not null
        from payment_deadlines d left join orders o on o.id = d.order_id and o.status = 'awaiting_payment' and o.payment_due_at <= d.due_at
        where d.due_at <= now()
        order by d.due_at, d.order_id limit $1 for update of d skip locked
        """

    private static let forget: Statement = """
        delete from payment_deadlines d using unnest($1, $2) m(due_at, order_id) where d.due_at = m.due_at and d.order_id = m.order_id
        """

    /// Paused by an operator, it expires nothing.
    var schedule: Schedule {
        Schedule("orders.expiry", .every(.seconds(1))) {
            var swept: Swept
            repeat { swept = try await self.sweep() } while swept == .full
            return .done(again: swept == .all ? try await self.untilNextDeadline() : nil)
        }
    }

    /// What became of a batch of deadlines.
    enum Swept: Sendable {
        /// It is done with, and more may be there.
        case full
        /// It is done with, and was the last.
        case all
        /// The broker did not take all of their commands: they are sent again later.
        case unsent
    }

    /// Takes a batch of deadlines that have passed.
    func sweep() async throws -> Swept {
        try await self.pool.transaction { transaction in
            let rows = try await transaction.query(Self.takePassed, Self.batchSize)
            var done: [(dueAt: Date, orderID: ID)] = []
            var due: [(dueAt: Date, orderID: ID)] = []
            for row in rows {
                let deadline = (dueAt: try row[0, as: Date.self], orderID: try row[1, as: ID.self])
                if try row[2, as: Bool.self] { due.append(deadline) } else { done.append(deadline) }
            }
            if !due.isEmpty {
                let failures = await self.publish(try due.map { try Self.command(for: $0.orderID, dueAt: $0.dueAt) })
                for (deadline, failure) in zip(due, failures) where failure == nil { done.append(deadline) }
                if let failure = failures.lazy.compactMap({ $0 }).first {
                    self.logger.warning("\(rows.count - done.count) orders wait to be expired: \(failure)")
                }
            }
            if !done.isEmpty { transaction.enqueue(Self.forget, done.map(\.dueAt), done.map(\.orderID)) }
            if done.count < rows.count { return .unsent }
            return rows.count < Self.batchSize ? .all : .full
        }
    }

    /// How long to wait for the next deadline: at most a second, as one may be added meanwhile, and not in a tight loop around one that another sweep
    /// holds.
    private func untilNextDeadline() async throws -> Duration {
        let rows = try await self.pool.query(Self.untilNext)
        guard let seconds = try rows.first?[0, as: Double?.self] else { return .seconds(1) }
        return .seconds(min(max(seconds, 0.05), 1))
    }

    /// The same message each time it is made: its id and its time come from the deadline.
    private static func command(for orderID: ID, dueAt: Date) throws -> Outgoing {
        let milliseconds = Clock.milliseconds(dueAt)
        let envelope = Envelope(
            messageID: orderID.derived("\(ExpireOrder.type) \(milliseconds)"), type: ExpireOrder.type, actor: "system", sentAt: milliseconds)
        return try Outgoing(
            ExpireOrder(orderID: orderID, dueAt: Timestamp.string(milliseconds: milliseconds)), envelope: envelope, appID: "orders")
    }
}
