import Conveyor
import FoundationEssentials
import Hummingbird
import Identity
import Postgres
import RabbitMQ
import Shop

/// Registration, sign-in, tokens, passwords. The ingress hashes passwords before it publishes: no message contains one.
struct AccountsController: Sendable {
    let intake: Intake
    let authenticator: Authenticator
    let issuer: TokenIssuer
    let passwords: PasswordHasher
    let sessions: Sessions
    let pool: PostgresPool
    /// A limit per account, beside the one per client; nil if rate limits are off.
    let guesses: GuessLimits?
    /// Hashing is slow, so clients take turns.
    let turns: FairQueue<IPAddress>
    /// `SECRET_KEY`, then the previous keys.
    let secrets: [String]

    func add(to routes: inout Routes) {
        routes.api(.post, "/auth/register", self.register)
        routes.api(.post, "/auth/login", self.login)
        routes.api(.post, "/auth/refresh", self.refresh)
        routes.api(.post, "/auth/logout", self.logout)
        routes.api(.post, "/auth/logout-all", self.logoutAll)
        routes.api(.post, "/auth/password-reset", self.requestReset)
        routes.api(.post, "/auth/password-reset/confirm", self.confirmReset)
        routes.api(.post, "/users/me/password", self.changePassword)
        routes.api(.delete, "/users/me", self.erase)
    }

    /// At least 8 characters; more than 1024 bytes would only keep the hasher busy.
    private static let passwordLengths = 8...256

    @Sendable private func register(_ request: Request, _ context: IngressContext) async throws -> Response {
        let input = try await request.read { fields in
            let email = fields.required("email", .email)
            return (
                email: email, password: fields.newPassword("password", Self.passwordLengths, email: email),
                name: fields.optional("full_name", .personName)
            )
        }
        let command = RegisterAccount(
            email: input.value.email, passwordHash: try await self.hash(input.value.password, context), fullName: input.value.name)
        return try await self.intake.accept(command, .registerAccount, about: .new, by: nil, body: input.bytes, request, context)
    }

    private static let findByEmail: Statement = """
        select id, password_hash, token_epoch, is_active from users
        where lower(email) = lower(normalize($1, nfc)) and erased_at is null
        """

    @Sendable private func login(_ request: Request, _ context: IngressContext) async throws -> Response {
        let (email, password) = try await self.credentials(request)
        let account = try await self.pool.reading { pool in
            try await pool.query(Self.findByEmail, email).decode((ID, String, Int32, Bool).self).first
        }
        // An unknown address takes as long as a known one.
        context.trace.note { noted in
            noted.userID = account?.0
            noted.emailHash = SecurityLog.hash(email, secret: self.secrets[0])
        }
        let owner = account.map { GuessLimits.Account.known($0.0) } ?? .unknown(email: email.lowercased())
        guard try await self.verify(password, of: owner, against: account?.1, context), let (id, _, epoch, isActive) = account else {
            throw Problem(.badCredentials, "The e-mail address or the password is wrong.")
        }
        guard isActive else { throw Problem(.userInactive, "The account is not active.") }
        let session = self.issuer.newSession()
        guard let expiresAt = self.issuer.expiry(of: session) else { throw Self.sessionIsOver }
        return try .json(
            try self.issuer.pair(for: id, epoch: Int(epoch), session, until: expiresAt), headers: [.cacheControl: "no-store"])
    }

    /// JSON, or the form of OAuth 2.0's password grant.
    private func credentials(_ request: Request) async throws -> (email: String, password: String) {
        guard request.isOfType("application/x-www-form-urlencoded") else {
            return try await request.read { fields in (fields.string("email", 1...320), fields.string("password", 1...1024)) }.value
        }
        struct Form: Decodable {
            var username: String
            var password: String
        }
        let bytes = try await request.bytes()
        guard let form = try? URLEncodedFormDecoder().decode(Form.self, from: String(decoding: bytes, as: UTF8.self)),
            form.username.utf8.count <= 1280, form.password.utf8.count <= 4096, !form.username.utf8.contains(0)
        else {
            throw Problem(
                .invalid, "The form needs username and password.", errors: [.init(field: "username", message: "is required, and password")])
        }
        return (form.username, form.password)
    }

    private static let sessionIsOver = Problem(.tokenExpired, "The session has reached its maximum age; sign in again.")

    /// A refresh token can be exchanged once. A second use means that it was copied, so it ends the session for all holders, without a grace period.
    @Sendable private func refresh(_ request: Request, _ context: IngressContext) async throws -> Response {
        let token = try await request.read { $0.string("refresh_token", 1...4096) }.value
        let user = try await self.authenticator.user(refreshing: token)
        var session = user.session
        guard let id = session.id, let expiresAt = self.issuer.expiry(of: session) else { throw Self.sessionIsOver }
        switch try await self.sessions.standing(of: session) {
        case .current(let next):
            session.counter = next
            // Recorded before the answer, so the token counts as used in any case.
            try await self.publish(
                RenewSession(userID: user.id, sessionID: id, counter: next, expiresAt: Int64(expiresAt.timeIntervalSince1970)), by: user.id, context)
        case .used:
            try await self.publish(EndSession(userID: user.id, sessionID: id), by: user.id, context)
            throw Problem(.unauthorized, "This refresh token was used before, so its session was ended; sign in again.")
        case .ended: throw Problem(.unauthorized, "The session was ended; sign in again.")
        }
        return try .json(
            try self.issuer.pair(for: user.id, epoch: user.epoch, session, until: expiresAt), headers: [.cacheControl: "no-store"])
    }

    /// Publishes a command that no client waits for.
    private func publish(_ command: some Command, by actor: ID, _ context: IngressContext) async throws(Problem) {
        let now = Clock.milliseconds()
        let envelope = Envelope(
            messageID: .v7(milliseconds: UInt64(now)), type: type(of: command).type, actor: actor.description, schema: type(of: command).schema,
            traceparent: context.trace.traceparent, sentAt: now)
        let outgoing: Outgoing
        do {
            outgoing = try Outgoing(command, envelope: envelope, appID: "ingress")
        } catch {
            throw Problem(.internalError, "The command could not be written.")
        }
        try await self.intake.publish(outgoing, context)
    }

    /// Ends one session: that of the refresh token in the body, else that of the bearer token.
    @Sendable private func logout(_ request: Request, _ context: IngressContext) async throws -> Response {
        let input = try await request.read(optional: true) { $0.optionalString("refresh_token", 1...4096) }
        let (owner, session): (ID, Tokens.Session)
        if let token = input.value {
            (owner, session) = try await self.authenticator.owner(of: token)
        } else {
            let user = try await self.authenticator.user(request)
            (owner, session) = (user.id, user.session)
        }
        guard let id = session.id else {
            throw Problem(
                .invalid, "This access token belongs to no session.", errors: [.init(field: "refresh_token", message: "is needed")])
        }
        return try await self.intake.accept(
            EndSession(userID: owner, sessionID: id), .endSession, about: .existing(owner), by: owner, body: input.bytes, request, context)
    }

    @Sendable private func logoutAll(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.user(request)
        let body = try await request.bytes()
        return try await self.intake.accept(
            RevokeTokens(userID: user.id), .revokeTokens, about: .existing(user.id), by: user.id, body: body, request, context)
    }

    @Sendable private func requestReset(_ request: Request, _ context: IngressContext) async throws -> Response {
        let input = try await request.read { $0.required("email", .email) }
        return try await self.intake.accept(
            RequestPasswordReset(email: input.value), .requestPasswordReset, about: .none, by: nil, body: input.bytes, request, context)
    }

    @Sendable private func confirmReset(_ request: Request, _ context: IngressContext) async throws -> Response {
        let input = try await request.read {
            (token: $0.string("token", 1...200), password: $0.newPassword("new_password", Self.passwordLengths, email: nil))
        }
        guard let reset = ResetToken.verify(input.value.token, keys: self.secrets) else {
            throw Problem(.badResetToken, "This link is not valid. Ask for a new one.")
        }
        let command = ResetPassword(resetID: reset, passwordHash: try await self.hash(input.value.password, context))
        return try await self.intake.accept(command, .resetPassword, about: .none, by: nil, body: input.bytes, request, context)
    }

    private static let passwordOf: Statement = "select password_hash, token_epoch, email from users where id = $1 and erased_at is null"

    @Sendable private func changePassword(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.user(request)
        let input = try await request.read {
            (current: $0.string("current_password", 1...1024), new: $0.newPassword("new_password", Self.passwordLengths, email: nil))
        }
        let account = try await self.verify(input.value.current, of: user, context)
        if let weakness = Password(input.value.new).weakness(email: account.email) { throw Fields.invalid("new_password", weakness) }
        let command = ChangePassword(
            userID: user.id, passwordHash: try await self.hash(input.value.new, context), expectedEpoch: account.epoch)
        return try await self.intake.accept(command, .changePassword, about: .existing(user.id), by: user.id, body: input.bytes, request, context)
    }

    /// The account, if the password is right.
    /// - Throws: `Problem` `wrong_password`.
    private func verify(_ password: String, of user: Authenticator.User, _ context: IngressContext) async throws -> (epoch: Int, email: String) {
        let account = try await self.pool.reading { pool in
            try await pool.query(Self.passwordOf, user.id).decode((String, Int32, String).self).first
        }
        guard try await self.verify(password, of: .known(user.id), against: account?.0, context), let account else {
            throw Problem(.wrongPassword, "The current password is wrong.")
        }
        return (Int(account.1), account.2)
    }

    /// Seconds for which a sign-in counts as recent.
    private static let recency: TimeInterval = 15 * 60

    /// Erases the account: removes all personal data that the law does not require the shop to keep. This cannot be undone, so it needs the
    /// password again unless the sign-in is recent.
    @Sendable private func erase(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.user(request)
        let input = try await request.read(optional: true) { $0.optionalString("password", 1...1024) }
        if let password = input.value {
            _ = try await self.verify(password, of: user, context)
        } else if Date().timeIntervalSince(user.session.signedInAt) > Self.recency {
            throw Problem(.wrongPassword, "You signed in a while ago: send your password as {\"password\": …}, or sign in again.")
        }
        return try await self.intake.accept(
            EraseAccount(userID: user.id), .eraseAccount, about: .existing(user.id), by: user.id, body: input.bytes, request, context)
    }

    private func hash(_ password: String, _ context: IngressContext) async throws -> String {
        try await self.inTurn(context) { try await self.passwords.hash(password) }
    }

    private func verify(
        _ password: String, of account: GuessLimits.Account, against hash: String?, _ context: IngressContext
    ) async throws -> Bool {
        func verify() async throws -> Bool { try await self.inTurn(context) { try await self.passwords.verify(password, against: hash) } }
        guard let guesses else { return try await verify() }
        return try await guesses.guess(account, from: context.client, verify)
    }

    private func inTurn<Value>(_ context: IngressContext, _ work: () async throws -> Value) async throws -> Value {
        do {
            return try await self.turns.run(for: context.client.network, isPreferred: self.guesses?.isClean(context.client) ?? true, work)
        } catch is FairQueue<IPAddress>.Full {
            throw Refusal.tooMany("Too many sign-ins at once", wait: .seconds(1))
        } catch let failure as PasswordHasher.Failure {
            throw Self.refusal(failure)
        }
    }

    private static func refusal(_ failure: PasswordHasher.Failure) -> any Error {
        switch failure {
        case .busy, .stopped:
            Refusal(Problem(.rateLimited, "Too many sign-ins at once; try again."), headers: [.retryAfter: "1"])
        case .argon2: Problem(.internalError, "The password could not be checked.")
        }
    }
}

extension Fields {
    /// A new password.
    /// - Parameter email: the account's address, if known.
    func newPassword(_ field: String, _ lengths: ClosedRange<Int>, email: String?) -> String {
        let text = self.string(field, lengths)
        if !text.isEmpty, let weakness = Password(text).weakness(email: email) { self.refuse(field, weakness) }
        return text
    }

    /// The problem of a field that turns out wrong after the body was read.
    static func invalid(_ field: String, _ message: String) -> Problem {
        Problem(.invalid, "The request has fields that are not valid.", errors: [.init(field: field, message: message)])
    }
}
