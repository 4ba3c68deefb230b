import Conveyor
import Postgres
import Shop

/// Creates accounts. The address is unique regardless of case and Unicode composition; the second account with it is rejected.
struct Register: Handler {
    private static let insert: Statement = """
        insert into users (id, email, password_hash, full_name)
        select id, normalize(email, nfc), hash, name from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) m(id, email, hash, name)
        on conflict (lower(email)) do nothing
        returning id
        """

    func handle(_ batch: [Received<RegisterAccount, Void>], in transaction: Transaction) async throws -> [Reply] {
        let rows = try await transaction.query(
            Self.insert, batch.map(\.envelope.messageID), batch.map(\.payload.email), batch.map(\.payload.passwordHash), batch.map(\.payload.fullName)
        )
        let made = Set(try rows.decode(ID.self))
        return batch.map { message in
            let id = message.envelope.messageID
            guard made.contains(id) else { return .rejected(Problem(.emailTaken, "An account with this e-mail address exists already.")) }
            return .done(emits: [AccountRegistered(userID: id)], changes: [.user(id)])
        }
    }
}
