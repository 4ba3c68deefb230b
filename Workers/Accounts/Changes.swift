import Kit
import Postgres
import Shop

/// A user's name.
struct UpdateUserProfile: Handler {
    private static let update: Statement = """
        update users u set full_name = case when m.is_new then m.full_name else u.full_name end, updated_at = now()
        from unnest($1::uuid[], $2::text[], $3::bool[]) m(id, full_name, is_new) where u.id = m.id and u.erased_at is null returning u.id
        """

    func handle(_ batch: [Received<UpdateProfile, Void>], in transaction: Transaction) async throws -> [Reply] {
        // The last one of a user's wins within a batch, as it would one after the other.
        var names: [ID: (name: String?, isNew: Bool)] = [:]
        for change in batch.lazy.map(\.payload) {
            let isNew = change.fullName != nil || change.clearsFullName == true
            if isNew || names[change.userID] == nil { names[change.userID] = (change.fullName, isNew) }
        }
        let rows = try await transaction.query(Self.update, Array(names.keys), names.values.map(\.name), names.values.map(\.isNew))
        return try updated(batch.map(\.payload.userID), by: rows)
    }
}

/// A new password, which ends every session. The current one was verified at an epoch: if that has moved, it was changed meanwhile.
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

/// A superuser's switches.
struct SetFlags: Handler {
    private static let update: Statement = """
        update users set is_active = coalesce($2, is_active), is_superuser = coalesce($3, is_superuser), updated_at = now()
        where id = $1 and erased_at is null returning id
        """

    var policy: Policy { Policy(largestBatch: 1) }

    func handle(_ batch: [Received<SetAccountFlags, Void>], in transaction: Transaction) async throws -> [Reply] {
        let flags = batch[0].payload
        let rows = try await transaction.query(Self.update, flags.userID, flags.isActive, flags.isSuperuser)
        return try updated([flags.userID], by: rows)
    }
}

/// Anonymises an account. Its orders stay, as the books must; whoever they were for can no longer be told.
struct Erase: Handler {
    private static let update: Statement = """
        update users set email = 'erased-' || id || '@invalid', full_name = null, password_hash = '!', is_active = false, is_superuser = false,
               email_verified = false, token_epoch = token_epoch + 1, erased_at = now(), updated_at = now()
        where id = any($1::uuid[]) and erased_at is null returning id
        """
    private static let forgetResets: Statement = "delete from password_resets where user_id = any($1::uuid[])"

    func handle(_ batch: [Received<EraseAccount, Void>], in transaction: Transaction) async throws -> [Reply] {
        let ids = batch.map(\.payload.userID)
        _ = try await transaction.query(Self.update, ids)
        transaction.enqueue(Self.forgetResets, ids)
        // Erased before is as good as erased now.
        return ids.map { .done(emits: [AccountErased(userID: $0), AccountUpdated(userID: $0)], changes: [.user($0)]) }
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
