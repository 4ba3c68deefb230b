import Conveyor
import FoundationEssentials
import Postgres
import Shop

/// Changes a user's own profile: the name and the notifications. A command older than the last applied one is rejected.
struct UpdateUserProfile: Handler {
    private static let update: Statement = """
        update users u set full_name = m.full_name, wants_push = m.push, wants_sms = m.sms, wants_email_updates = m.email_updates,
               changed = m.changed, updated_at = now()
        from unnest($1, $2, $3, $4, $5, $6) m(id, full_name, push, sms, email_updates, changed) where u.id = m.id
        """

    func handle(_ batch: [Received<UpdateProfile, Void>], in transaction: Transaction) async throws -> [Reply] {
        var (accounts, acceptances) = try await Account.lock(batch.map { ($0.payload.userID, $0.envelope) }, in: transaction)
        let replies = batch.map { message -> Reply in
            let command = message.payload
            return accounts.change(command.userID) { (account) throws(Problem) in
                let namesSomeone = command.fullName != nil || command.clearsFullName == true
                let choices = command.notifications
                let parts =
                    (namesSomeone ? ["full_name"] : []) + (choices?.push == nil ? [] : ["push"]) + (choices?.sms == nil ? [] : ["sms"])
                    + (choices?.emailUpdates == nil ? [] : ["email_updates"])
                try account.changes.admit(acceptances[message.envelope], in: parts)
                if namesSomeone { account.fullName = command.fullName }
                account.wantsPush = choices?.push ?? account.wantsPush
                account.wantsSMS = choices?.sms ?? account.wantsSMS
                account.wantsEmailUpdates = choices?.emailUpdates ?? account.wantsEmailUpdates
            }
        }
        transaction.enqueue(
            Self.update, Array(accounts.keys), accounts.values.map(\.fullName), accounts.values.map(\.wantsPush), accounts.values.map(\.wantsSMS),
            accounts.values.map(\.wantsEmailUpdates), try accounts.values.map { try $0.changes.json })
        return replies
    }
}

/// The parts of an account's row that change in the order of acceptance.
private struct Account {
    var fullName: String?
    var isActive: Bool
    var isSuperuser: Bool
    var changes: Changes
    var wantsPush: Bool
    var wantsSMS: Bool
    var wantsEmailUpdates: Bool

    private static let lock: Statement = """
        select id, full_name, is_active, is_superuser, changed, wants_push, wants_sms, wants_email_updates from users where id = any($1) and erased_at is null order by id for update
        """

    /// Locks the accounts of these messages; missing and erased ones are left out.
    static func lock(_ messages: [(userID: ID, envelope: Envelope)], in transaction: Transaction) async throws -> ([ID: Account], Acceptances) {
        let rows = try await transaction.pipeline([
            Call(Self.lock, Array(Set(messages.map(\.userID))).sorted()), Acceptances.reading(messages.map(\.envelope)),
        ])
        var accounts: [ID: Account] = [:]
        for row in rows[0] {
            accounts[try row[0, as: ID.self]] = Account(
                fullName: try row[1], isActive: try row[2], isSuperuser: try row[3], changes: try Changes(row[4, as: JSONText?.self]),
                wantsPush: try row[5], wantsSMS: try row[6], wantsEmailUpdates: try row[7])
        }
        return (accounts, try Acceptances(rows[1]))
    }
}

extension [ID: Account] {
    /// Changes an account, if it exists, and answers the command.
    fileprivate mutating func change(_ id: ID, _ change: (inout Account) throws(Problem) -> Void) -> Reply {
        guard var account = self[id] else { return .rejected(Problem(.notFound, "There is no such account.")) }
        do throws(Problem) {
            try change(&account)
        } catch {
            return .rejected(error)
        }
        self[id] = account
        return .done(emits: [AccountUpdated(userID: id)], changes: [.user(id)])
    }
}

/// Sets a new password, ends all sessions and voids all reset links. The current password was verified at an epoch: if the epoch has moved, the
/// password has changed since.
struct ChangeUserPassword: Handler {
    private static let update: Statement = """
        update users set password_hash = $2, token_epoch = token_epoch + 1, updated_at = now()
        where id = $1 and erased_at is null and ($3::int is null or token_epoch = $3)
        returning email, case when email_verified then full_name end
        """

    var policy: Policy { Policy(largestBatch: 1) }

    func handle(_ batch: [Received<ChangePassword, Void>], in transaction: Transaction) async throws -> [Reply] {
        let change = batch[0].payload
        let rows = try await transaction.query(Self.update, change.userID, change.passwordHash, change.expectedEpoch.map { Int32(clamping: $0) })
        guard let (email, name) = try rows.decode((String, String?).self).first else {
            return [.rejected(Problem(.wrongPassword, "The password has changed in the meantime."))]
        }
        transaction.enqueue(Reset.void, change.userID)
        let notice = SendEmail.passwordChanged(of: change.userID, to: email, name: name, by: batch[0].envelope)
        return [.done(emits: [AccountUpdated(userID: change.userID), notice], changes: [.user(change.userID)])]
    }
}

/// Marks an address as verified, after its link was followed.
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

/// Ends all sessions of an account.
struct EndSessions: Handler {
    private static let update: Statement =
        "update users set token_epoch = token_epoch + 1, updated_at = now() where id = any($1::uuid[]) returning id"

    func handle(_ batch: [Received<RevokeTokens, Void>], in transaction: Transaction) async throws -> [Reply] {
        let rows = try await transaction.query(Self.update, batch.map(\.payload.userID))
        return try updated(batch.map(\.payload.userID), by: rows)
    }
}

/// Sets an account's flags, all of them or none. A command older than the last applied one is rejected.
struct SetFlags: Handler {
    private static let update: Statement = """
        update users u set is_active = m.is_active, is_superuser = m.is_superuser, changed = m.changed, updated_at = now()
        from unnest($1, $2, $3, $4) m(id, is_active, is_superuser, changed) where u.id = m.id
        """

    func handle(_ batch: [Received<SetAccountFlags, Void>], in transaction: Transaction) async throws -> [Reply] {
        var (accounts, acceptances) = try await Account.lock(batch.map { ($0.payload.userID, $0.envelope) }, in: transaction)
        let replies = batch.map { message -> Reply in
            let flags = message.payload
            return accounts.change(flags.userID) { (account) throws(Problem) in
                try account.changes.admit(
                    acceptances[message.envelope],
                    in: (flags.isActive == nil ? [] : ["is_active"]) + (flags.isSuperuser == nil ? [] : ["is_superuser"]))
                account.isActive = flags.isActive ?? account.isActive
                account.isSuperuser = flags.isSuperuser ?? account.isSuperuser
            }
        }
        transaction.enqueue(
            Self.update, Array(accounts.keys), accounts.values.map(\.isActive), accounts.values.map(\.isSuperuser),
            try accounts.values.map { try $0.changes.json })
        return replies
    }
}

/// `account.updated` for existing accounts, `not_found` for the others.
private func updated(_ ids: [ID], by rows: Rows) throws(PostgresError) -> [Reply] {
    let there = Set(try rows.decode(ID.self))
    return ids.map { id in
        there.contains(id)
            ? .done(emits: [AccountUpdated(userID: id)], changes: [.user(id)])
            : .rejected(Problem(.notFound, "There is no such account."))
    }
}
