import Conveyor
import FoundationEssentials
import Postgres
import RabbitMQ

/// The state of the work queues: from the broker, and from Postgres for failed and dead messages.
///
/// It reads no messages. The broker refreshes its statistics every five seconds; the numbers of ready messages are live if there is an inspector.
struct QueueBoard: Sendable {
    let api: ManagementAPI
    let definitions: Definitions
    let pool: PostgresPool
    var inspector: BrokerInspector?

    /// A queue's retries are the attempts whose time has not come: each has one row. (The retry queues are shared, and reading
    /// them would change their content.)
    ///
    /// The age of the oldest message follows from the recorder's samples every few seconds: from how many messages had arrived by then, and how
    /// many are acknowledged by now, first in first out. The latest sample whose messages are all gone is before the arrival of the oldest one.
    private static let known: Statement = """
        select m.queue,
            (select count(*) from attempts a where a.queue = m.queue and a.next_at > now()),
            (select count(*) from dead_letters d where d.queue = m.queue and d.status = 'open'),
            coalesce(c.paused, false),
            extract(epoch from clock_timestamp() - (
                select min(s.at) from queue_samples s where s.queue = m.queue and s.at >= l.counting_since and s.at > coalesce((
                    select g.at from queue_samples g
                    where g.queue = m.queue and g.at >= l.counting_since and g.ready + g.unacked + g.acked <= m.acked order by g.at desc limit 1
                ), '-infinity')
            ))::float8,
            l.at > now() - interval '1 minute', c.actor, c.at, c.reason
        from unnest($1::text[], $2::int8[]) m(queue, acked)
        left join lateral (select at, counting_since from queue_samples where queue = m.queue order by at desc limit 1) l on true
        left join queue_controls c on c.queue = m.queue
        order by array_position($1::text[], m.queue)
        """

    /// All work queues, in the topology's order.
    func all() async throws -> [QueueStatus] {
        let names = self.definitions.workQueues
        async let live = self.live(names)
        let states = Dictionary(try await self.api.queues().map { ($0.name, $0) }) { first, _ in first }
        let rows = try await self.pool.query(Self.known, names, names.map { states[$0]?.statistics?.acked ?? 0 })
        let ready = try await live
        return try zip(names, rows).map { name, row in
            let state = states[name]
            var status = QueueStatus(name: name)
            status.ready = ready[name]?.messages ?? state?.ready ?? 0
            status.unacked = state?.unacked ?? 0
            status.consumers = ready[name]?.consumers ?? state?.consumers ?? 0
            status.publishRate = state?.statistics?.publish?.rate ?? 0
            status.deliverRate = state?.statistics?.deliver?.rate ?? 0
            status.retrying = try row[1]
            status.dead = try row[2, as: Int.self] + (states[name + ".dead"]?.ready ?? 0) + (states[name + ".dead"]?.unacked ?? 0)
            status.paused = try row[3]
            if status.paused { (status.pausedBy, status.pausedAt, status.pausedReason) = (try row[6], try row[7], try row[8]) }
            let (age, isWatched) = (try row[4, as: Double?.self], try row[5, as: Bool?.self] ?? false)
            status.oldestSeconds = status.ready + status.unacked == 0 ? 0 : isWatched ? max(0, age ?? 0) : nil
            return status
        }
    }

    private func live(_ names: [String]) async throws -> [String: QueueState] {
        guard let inspector else { return [:] }
        return try await inspector.queues(names)
    }

    private static let sample: Statement = """
        insert into queue_samples (queue, ready, unacked, retrying, dead, acked, counting_since, publish_rate, deliver_rate)
        select m.queue, m.ready, m.unacked, m.retrying, m.dead, m.acked, case when l.acked <= m.acked then l.counting_since else clock_timestamp() end,
               m.publish_rate, m.deliver_rate
        from unnest($1::text[], $2::int8[], $3::int8[], $4::int8[], $5::int8[], $6::int8[], $7::float8[], $8::float8[])
            m(queue, ready, unacked, retrying, dead, acked, publish_rate, deliver_rate)
        left join lateral (select acked, counting_since from queue_samples where queue = m.queue order by at desc limit 1) l on true
        """

    /// Stores the queues' state for later: see ``all()``. Called by the recorder.
    /// - Returns: their state, and the messages of all the broker's queues.
    func note() async throws -> (queues: [QueueStatus], states: [ManagementAPI.QueueState]) {
        let queues = try await self.all()
        let states = try await self.api.queues()
        // The counter and the depths come from one sample of the broker.
        let byName = Dictionary(states.map { ($0.name, $0) }) { first, _ in first }
        try await self.pool.query(
            Self.sample, queues.map(\.name), queues.map { byName[$0.name]?.ready ?? 0 }, queues.map { byName[$0.name]?.unacked ?? 0 },
            queues.map(\.retrying), queues.map(\.dead), queues.map { byName[$0.name]?.statistics?.acked ?? 0 }, queues.map(\.publishRate),
            queues.map(\.deliverRate))
        return (queues, states)
    }

    private static let forget: Statement = "delete from queue_samples where at < now() - interval '1 day'"

    /// Deletes samples older than a day.
    func forgetOld() async throws { try await self.pool.query(Self.forget) }
}
