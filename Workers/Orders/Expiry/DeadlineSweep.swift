import Conveyor
import FoundationEssentials
import Logging
import Postgres
import RabbitMQ
import Shop

/// The clock of the payment deadlines: sends `orders.expire` for each passed deadline, at most a second late. A schedule, which one orders-worker
/// runs at a time; two at once would take different rows.
///
/// A deadline is deleted only after its command was confirmed. If a process dies in between, the next one sends the same message under the
/// same id.
struct DeadlineSweep: Sendable {
    /// Publishes messages; one result for each, nil if confirmed.
    typealias Publish = @Sendable ([Outgoing]) async -> [PublishFailure?]

    let pool: PostgresPool
    let publish: Publish
    let logger: Logger

    private static let batchSize: Int32 = 500

    /// Seconds until the deadline; null if there is none, negative if it has passed.
    private static let untilNext: Statement = "select extract(epoch from min(due_at) - now())::float8 from payment_deadlines"

    /// The left join is null for an order that has been decided, or whose deadline was moved: such a row is only deleted.
    private static let takePassed: Statement = """
        select d.due_at, d.order_id, o.id is not null
        from payment_deadlines d left join orders o on o.id = d.order_id and o.status = 'awaiting_payment' and o.payment_due_at <= d.due_at
        where d.due_at <= now()
        order by d.due_at, d.order_id limit $1 for update of d skip locked
        """

    private static let forget: Statement = """
        delete from payment_deadlines d using unnest($1, $2) m(due_at, order_id) where d.due_at = m.due_at and d.order_id = m.order_id
        """

    /// While an operator has paused it, no order expires.
    var schedule: Schedule {
        Schedule("orders.expiry", .every(.seconds(1))) {
            var swept: Swept
            repeat { swept = try await self.sweep() } while swept == .full
            return .done(again: swept == .all ? try await self.untilNextDeadline() : nil)
        }
    }

    /// The result of one batch of deadlines.
    enum Swept: Sendable {
        /// Done, and there may be more.
        case full
        /// Done, and this was the last.
        case all
        /// The broker did not confirm all commands: they are sent again later.
        case unsent
    }

    /// Handles a batch of passed deadlines.
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

    /// The wait for the next deadline: at most a second, since a nearer one may be added, and at least a moment, since another sweep may hold the
    /// next one.
    private func untilNextDeadline() async throws -> Duration {
        let rows = try await self.pool.query(Self.untilNext)
        guard let seconds = try rows.first?[0, as: Double?.self] else { return .seconds(1) }
        return .seconds(min(max(seconds, 0.05), 1))
    }

    /// The same message each time: its id and its time come from the deadline.
    private static func command(for orderID: ID, dueAt: Date) throws -> Outgoing {
        let milliseconds = Clock.milliseconds(dueAt)
        let envelope = Envelope(
            messageID: orderID.derived("\(ExpireOrder.type) \(milliseconds)"), type: ExpireOrder.type, actor: "system", sentAt: milliseconds)
        return try Outgoing(
            ExpireOrder(orderID: orderID, dueAt: Timestamp.string(milliseconds: milliseconds)), envelope: envelope, appID: "orders")
    }
}
