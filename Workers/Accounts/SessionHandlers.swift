import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// Records the newest refresh token of each session, so that the ingress recognises an older one that comes again.
struct RenewSessionHandler: Handler {
    /// The counter only rises and an ended session stays ended, whatever the order of the messages.
    private static let upsert: Statement = """
        insert into sessions (id, user_id, counter, expires_at)
        select distinct on (id) id, user_id, counter, to_timestamp(expires_at)
        from unnest($1::uuid[], $2::uuid[], $3::int4[], $4::int8[]) m(id, user_id, counter, expires_at) order by id, counter desc
        on conflict (id) do update
        set renewed_at = case when excluded.counter > sessions.counter then now() else sessions.renewed_at end,
            counter = greatest(sessions.counter, excluded.counter), expires_at = greatest(sessions.expires_at, excluded.expires_at)
        """
    private static let forgetOld: Statement = """
        delete from sessions where id in (select id from sessions where expires_at < now() order by id limit 1000 for update skip locked)
        """

    func handle(_ batch: [Received<RenewSession, Void>], in transaction: Transaction) async throws -> [Reply] {
        let year: Int64 = 366 * 86_400
        let latest = Clock.seconds() + year
        transaction.enqueue(
            Self.upsert, batch.map(\.payload.sessionID), batch.map(\.payload.userID), batch.map { Int32(clamping: max(0, $0.payload.counter)) },
            batch.map { min(max(0, $0.payload.expiresAt), latest) })
        transaction.enqueue(Self.forgetOld)
        return batch.map { _ in .done() }
    }
}

/// Ends sessions after a sign-out or a reused refresh token. The row stays until all tokens of the session have expired.
struct EndSessionHandler: Handler {
    private static let upsert: Statement = """
        insert into sessions (id, user_id, counter, ended_at, expires_at)
        select distinct id, user_id, 0, now(), now() + interval '91 days' from unnest($1::uuid[], $2::uuid[]) m(id, user_id) order by id
        on conflict (id) do update set ended_at = coalesce(sessions.ended_at, now()), expires_at = greatest(sessions.expires_at, excluded.expires_at)
        where sessions.user_id = excluded.user_id
        """

    func handle(_ batch: [Received<EndSession, Void>], in transaction: Transaction) async throws -> [Reply] {
        var owners: [ID: ID] = [:]
        for message in batch { owners[message.payload.sessionID] = message.payload.userID }
        transaction.enqueue(Self.upsert, Array(owners.keys), Array(owners.values))
        return batch.map { .done(emits: [AccountUpdated(userID: $0.payload.userID)], changes: [.user($0.payload.userID)]) }
    }
}
