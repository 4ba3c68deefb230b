import FoundationEssentials
import Kit
import Postgres
import Shop

/// A user's name. Of several commands the newest wins, by the time it was sent.
struct UpdateUserProfile: Handler {
    private static let update: Statement = """
        update users u
        set full_name = case when m.is_new and (u.full_name_at > m.sent_at) is not true then m.full_name else u.full_name end,
            full_name_at = case when m.is_new then greatest(u.full_name_at, m.sent_at) else u.full_name_at end, updated_at = now()
        from unnest($1, $2, $3, $4) m(id, full_name, is_new, sent_at) where u.id = m.id and u.erased_at is null returning u.id
        """

    private struct Change {
        var name: String?
        /// Whether it says anything of the name.
        var isNew: Bool
        var sentAt: Date
    }

    func handle(_ batch: [Received<UpdateProfile, Void>], in transaction: Transaction) async throws -> [Reply] {
        var changes: [ID: Change] = [:]
        for message in batch {
            let command = message.payload
            let isNew = command.fullName != nil || command.clearsFullName == true
            let change = Change(name: command.fullName, isNew: isNew, sentAt: message.envelope.sentDate)
            guard let before = changes[command.userID] else {
                changes[command.userID] = change
                continue
            }
            if isNew, !before.isNew || before.sentAt <= change.sentAt { changes[command.userID] = change }
        }
        let rows = try await transaction.query(
            Self.update, Array(changes.keys), changes.values.map(\.name), changes.values.map(\.isNew), changes.values.map(\.sentAt))
        return try updated(batch.map(\.payload.userID), by: rows)
    }
}

/// A new password, which ends every session and voids the links to reset it. The current one was verified at an epoch: if that has moved, it was
/// changed meanwhile.
struct ChangeUserPassword: Handler {
    private static let update: Statement = """
        update users set password_hash = $2, token_epoch = token_epoch + 1, updated_at = now()
        where id = $1 and erased_at is null and ($3::int is null or token_epoch = $3) returning id
        """

    var policy: Policy { Policy(largestBatch: 1) }

    func handle(_ batch: [Received<ChangePassword, Void>], in transaction: Transaction) async throws -> [Reply] {
        let change = batch[0].payload
        let rows = try await transaction.query(Self.update, change.userID, change.passwordHash, change.expectedEpoch.map { Int32(clamping: $0) })
        guard !rows.isEmpty else { return [.rejected(Problem(.wrongPassword, "The password was changed meanwhile."))] }
        transaction.enqueue(Reset.void, change.userID)
        return [.done(emits: [AccountUpdated(userID: change.userID)], changes: [.user(change.userID)])]
    }
}

/// An address whose link was followed.
struct VerifyAddress: Handler {
    private static let update: Statement = """
        update users u set email_verified = true, updated_at = now()
        from unnest($1::uuid[], $2::text[]) m(id, email) where u.id = m.id and lower(u.email) = lower(m.email) returning u.id
        """

    func handle(_ batch: [Received<VerifyEmail, Void>], in transaction: Transaction) async throws -> [Reply] {
        let rows = try await transaction.query(Self.update, batch.map(\.payload.userID), batch.map(\.payload.email))
        return try updated(batch.map(\.payload.userID), by: rows)
    }
}

/// Ends every session of an account.
struct EndSessions: Handler {
    private static let update: Statement =
        "update users set token_epoch = token_epoch + 1, updated_at = now() where id = any($1::uuid[]) returning id"

    func handle(_ batch: [Received<RevokeTokens, Void>], in transaction: Transaction) async throws -> [Reply] {
        let rows = try await transaction.query(Self.update, batch.map(\.payload.userID))
        return try updated(batch.map(\.payload.userID), by: rows)
    }
}

/// A superuser's switches. Of several commands for one the newest wins, by the time it was sent.
struct SetFlags: Handler {
    private static let update: Statement = """
        update users
        set is_active = case when $2 is null or is_active_at > $4 then is_active else $2 end,
            is_active_at = case when $2 is null then is_active_at else greatest(is_active_at, $4) end,
            is_superuser = case when $3 is null or is_superuser_at > $4 then is_superuser else $3 end,
            is_superuser_at = case when $3 is null then is_superuser_at else greatest(is_superuser_at, $4) end, updated_at = now()
        where id = $1 and erased_at is null returning id
        """

    var policy: Policy { Policy(largestBatch: 1) }

    func handle(_ batch: [Received<SetAccountFlags, Void>], in transaction: Transaction) async throws -> [Reply] {
        let flags = batch[0].payload
        let rows = try await transaction.query(Self.update, flags.userID, flags.isActive, flags.isSuperuser, batch[0].envelope.sentDate)
        return try updated([flags.userID], by: rows)
    }
}

/// Anonymises an account. Its orders stay, as the books must; whoever they were for can no longer be told.
struct Erase: Handler {
    private static let update: Statement = """
        update users set email = 'erased-' || id || '@invalid', full_name = null, password_hash = '!', is_active = false, is_superuser = false,
               email_verified = false, token_epoch = token_epoch + 1, erased_at = now(), updated_at = now()
        where id = any($1::uuid[]) and erased_at is null
        """
    private static let readErased: Statement = "select id from users where id = any($1::uuid[]) and erased_at is not null"
    private static let forgetResets: Statement = "delete from password_resets where user_id = any($1::uuid[])"

    func handle(_ batch: [Received<EraseAccount, Void>], in transaction: Transaction) async throws -> [Reply] {
        let ids = batch.map(\.payload.userID)
        transaction.enqueue(Self.update, ids)
        transaction.enqueue(Self.forgetResets, ids)
        // Erased before is as good as erased now.
        let erased = Set(try await transaction.query(Self.readErased, ids).decode(ID.self))
        return ids.map { id in
            erased.contains(id)
                ? .done(emits: [AccountErased(userID: id), AccountUpdated(userID: id)], changes: [.user(id)])
                : .rejected(Problem(.notFound, "There is no such account."))
        }
    }
}

/// `account.updated` for those that exist, `not_found` for the rest.
private func updated(_ ids: [ID], by rows: Rows) throws(PostgresError) -> [Reply] {
    let there = Set(try rows.decode(ID.self))
    return ids.map { id in
        there.contains(id)
            ? .done(emits: [AccountUpdated(userID: id)], changes: [.user(id)])
            : .rejected(Problem(.notFound, "There is no such account."))
    }
}
