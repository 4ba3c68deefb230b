import Conveyor
import Postgres
import Shop

/// Ends deliveries that are not sent any more, and deletes old ones.
enum DeliveryUpkeep {
    /// Days for which an ended delivery is kept.
    private static let keptDays: Int32 = 30

    /// Deliveries to switched-off endpoints are not attempted; they have failed when their time is over.
    private static let end: Statement = """
        update webhook_deliveries d set status = 'failed', next_attempt_at = null, lease_until = null, error = 'the endpoint is switched off', updated_at = now()
        from webhook_endpoints e
        where e.id = d.endpoint_id and not e.is_active and d.status = 'pending' and d.retry_until < now() and (d.lease_until is null or d.lease_until < now())
        """
    private static let forget: Statement = """
        delete from webhook_deliveries where id in (
            select id from webhook_deliveries where status <> 'pending' and updated_at < now() - make_interval(days => $1) limit 10000)
        """

    static func schedule(in pool: PostgresPool) -> Schedule {
        Schedule("webhooks.upkeep", .every(.seconds(60)), runsAtStart: true) {
            _ = try await pool.pipeline([Call(self.end), Call(self.forget, self.keptDays)])
            return .done()
        }
    }
}

/// Seals secrets again that an older `SECRET_KEY` has sealed, so that the old key can be removed.
enum SecretUpkeep {
    private static let read: Statement = "select id, secret, previous_secret from webhook_endpoints"
    private static let write: Statement = """
        update webhook_endpoints set secret = $3, previous_secret = $5 where id = $1 and secret = $2 and previous_secret is not distinct from $4
        """

    static func schedule(in pool: PostgresPool, _ box: SecretBox) -> Schedule {
        Schedule("webhooks.secrets", .every(.seconds(3600)), runsAtStart: true) {
            var sealed = 0
            for (id, secret, previous) in try await pool.query(self.read).decode((ID, String, String?).self)
            where !box.isCurrent(secret) || previous.map({ !box.isCurrent($0) }) ?? false {
                func again(_ secret: String) throws -> String { try box.open(secret).map { try box.seal($0) } ?? secret }
                try await pool.query(self.write, id, secret, again(secret), previous, previous.map(again))
                sealed += 1
            }
            return .done(sealed == 0 ? nil : "\(sealed) sealed again")
        }
    }
}
