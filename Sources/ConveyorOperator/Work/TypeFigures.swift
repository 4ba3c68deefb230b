import Conveyor
import Postgres

/// The statistics of one message type in one queue.
struct TypeFigures: Sendable, Encodable {
    /// In a time range that ends now.
    struct Span: Sendable, Encodable {
        /// Handled, including rejected ones.
        var count: Int64
        /// Handled per second.
        var rate: Double
        /// The share of failed attempts.
        var failureShare: Double
        /// The time between sending and handling; nil if none was handled.
        var queueDelayP50: Double?
        var queueDelayP95: Double?
        /// The duration of its batch.
        var handlingP50: Double?
        var handlingP95: Double?

        enum CodingKeys: String, CodingKey {
            case count, rate
            case failureShare = "failure_share"
            case queueDelayP50 = "queue_delay_p50_ms"
            case queueDelayP95 = "queue_delay_p95_ms"
            case handlingP50 = "handling_p50_ms"
            case handlingP95 = "handling_p95_ms"
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(self.count, forKey: .count)
            try container.encode(self.rate, forKey: .rate)
            try container.encode(self.failureShare, forKey: .failureShare)
            try container.encode(self.queueDelayP50, forKey: .queueDelayP50)
            try container.encode(self.queueDelayP95, forKey: .queueDelayP95)
            try container.encode(self.handlingP50, forKey: .handlingP50)
            try container.encode(self.handlingP95, forKey: .handlingP95)
        }

        fileprivate init(_ row: Row, at column: Int, seconds: Double) throws {
            let failed = try row[column + 1, as: Int64.self]
            self.count = try row[column]
            self.rate = Double(self.count) / seconds
            self.failureShare = self.count + failed == 0 ? 0 : Double(failed) / Double(self.count + failed)
            self.queueDelayP50 = try row[column + 2]
            self.queueDelayP95 = try row[column + 3]
            self.handlingP50 = try row[column + 4]
            self.handlingP95 = try row[column + 5]
        }
    }

    var type: String
    var queue: String
    var hour: Span
    var day: Span

    /// `$1` is the length of the range. Messages sent a week before it are too few to look for.
    private static func span(_ name: String, _ interval: String) -> String {
        """
        \(name)_handled as (
            select type, consumer as queue, count(*) as n,
                percentile_cont(array[0.5, 0.95]) within group (order by greatest(0, extract(epoch from handled_at - sent_at)::float8 * 1000)) as delay,
                percentile_cont(array[0.5, 0.95]) within group (order by took_us::float8 / 1000) as took
            from inbox where handled_at > now() - interval '\(interval)' and sent_at > now() - interval '8 days' and attempt > 0 group by 1, 2
        ), \(name)_failed as (
            select type, queue, count(*) as n from attempts where at > now() - interval '\(interval)' group by 1, 2
        )
        """
    }

    private static func columns(_ name: String) -> String {
        """
        coalesce(\(name)_handled.n, 0), coalesce(\(name)_failed.n, 0), \(name)_handled.delay[1], \(name)_handled.delay[2], \(name)_handled.took[1],
        \(name)_handled.took[2]
        """
    }

    private static let read = Statement(
        """
        with \(span("hour", "1 hour")), \(span("day", "1 day")),
        named as (select type, queue from day_handled union select type, queue from day_failed)
        select type, queue, \(columns("hour")), \(columns("day"))
        from named left join hour_handled using (type, queue) left join hour_failed using (type, queue)
            left join day_handled using (type, queue) left join day_failed using (type, queue)
        order by queue, type
        """)

    /// All types that were handled or failed within a day.
    static func all(in pool: PostgresPool) async throws -> [TypeFigures] {
        try await pool.query(self.read).map { row in
            TypeFigures(
                type: try row[0], queue: try row[1], hour: try Span(row, at: 2, seconds: 3600), day: try Span(row, at: 8, seconds: 86_400))
        }
    }
}
