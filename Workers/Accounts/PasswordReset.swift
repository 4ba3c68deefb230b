import Conveyor
import Postgres
import Shop

/// Opens a reset for the account of an address, and has its link mailed. An unknown address gets no e-mail and no error, so the answer does not
/// reveal accounts. Neither does the fourth request within an hour, or anyone could fill a customer's mailbox.
struct RequestReset: Handler {
    /// The lock makes two batches for one account count one after the other.
    private static let lock: Statement = """
        select from users where lower(email) = any (select lower(normalize(e, nfc)) from unnest($1::text[]) e) order by id for update
        """
    /// A reset lasts an hour, so the resets that have not expired are those of the last hour.
    private static let insert: Statement = """
        insert into password_resets (id, user_id, expires_at)
        select id, user_id, now() + interval '1 hour'
        from (
            select m.id, u.id as user_id, row_number() over (partition by u.id order by m.at)
                + (select count(*) from password_resets r where r.user_id = u.id and r.expires_at > now()) as number
            from unnest($1::uuid[], $2::text[]) with ordinality m(id, email, at)
            join users u on lower(u.email) = lower(normalize(m.email, nfc)) and u.is_active
        ) asked
        where number <= 3
        returning id, user_id, (select u.email from users u where u.id = user_id),
                  (select u.full_name from users u where u.id = user_id and u.email_verified)
        """

    func handle(_ batch: [Received<RequestPasswordReset, Void>], in transaction: Transaction) async throws -> [Reply] {
        transaction.enqueue(Self.lock, batch.map(\.payload.email))
        let rows = try await transaction.query(Self.insert, batch.map(\.envelope.messageID), batch.map(\.payload.email))
        var mails: [ID: SendEmail] = [:]
        for (id, user, email, name) in try rows.decode((ID, ID, String, String?).self) {
            // The link's token is not in the message: the e-mail worker derives it from this id (see `ResetToken`).
            mails[id] = SendEmail(
                template: "password_reset", subject: id.description, to: email, userID: user,
                data: ["reset_id": id.description, "name": name ?? ""])
        }
        return batch.map { .done(emits: mails[$0.envelope.messageID].map { [$0] } ?? []) }
    }
}

extension SendEmail {
    /// Notifies an account's owner of a changed password: another person may have changed it.
    static func passwordChanged(of user: ID, to email: String, name: String?, by command: Envelope) -> SendEmail {
        SendEmail(
            template: "password_changed", subject: command.messageID.description, to: email, userID: user, data: name.map { ["name": $0] } ?? [:])
    }
}

/// Uses a reset once, ends all sessions and voids the account's other resets.
struct Reset: Handler {
    /// The account first: so two resets of one account wait for each other instead of deadlocking.
    private static let lock: Statement = "select from users where id = (select user_id from password_resets where id = $1) for update"
    private static let spend: Statement = """
        update password_resets set used_at = now() where id = $1 and used_at is null and expires_at > now() returning user_id
        """
    private static let update: Statement = """
        update users set password_hash = $2, token_epoch = token_epoch + 1, email_verified = true, updated_at = now()
        where id = $1 and is_active returning email, full_name
        """
    static let void: Statement = "update password_resets set used_at = now() where user_id = $1 and used_at is null"

    var policy: Policy { Policy(largestBatch: 1) }

    func handle(_ batch: [Received<ResetPassword, Void>], in transaction: Transaction) async throws -> [Reply] {
        let reset = batch[0].payload
        let refused = Reply.rejected(Problem(.badResetToken, "This link was used already or has expired. Ask for a new one."))
        transaction.enqueue(Self.lock, reset.resetID)
        guard let userID = try await transaction.query(Self.spend, reset.resetID).decode(ID.self).first else { return [refused] }
        guard let (email, name) = try await transaction.query(Self.update, userID, reset.passwordHash).decode((String, String?).self).first else {
            return [refused]
        }
        transaction.enqueue(Self.void, userID)
        let notice = SendEmail.passwordChanged(of: userID, to: email, name: name, by: batch[0].envelope)
        return [.done(emits: [AccountUpdated(userID: userID), notice], changes: [.user(userID)])]
    }
}
