import FoundationEssentials
import Hummingbird
import Identity
import Kit
import Postgres
import Shop

/// Registration, sign-in, tokens, passwords. Passwords are hashed here, before anything is published: no message ever holds one.
struct AccountsController: Sendable {
    let intake: Intake
    let authenticator: Authenticator
    let issuer: TokenIssuer
    let passwords: PasswordHasher
    let pool: PostgresPool
    /// By account, beside the one by client; nil if rate limits are off.
    let limiter: RateLimiter?
    /// `SECRET_KEY`, then the previous ones.
    let secrets: [String]

    func add(to routes: inout Routes) {
        routes.api(.post, "/auth/register", self.register)
        routes.api(.post, "/auth/login", self.login)
        routes.api(.post, "/auth/refresh", self.refresh)
        routes.api(.post, "/auth/logout-all", self.logoutAll)
        routes.api(.post, "/auth/password-reset", self.requestReset)
        routes.api(.post, "/auth/password-reset/confirm", self.confirmReset)
        routes.api(.post, "/users/me/password", self.changePassword)
    }

    /// At least 8 characters; more than 1024 bytes would only keep the hasher busy.
    private static let passwordLengths = 8...256

    @Sendable private func register(_ request: Request, _ context: IngressContext) async throws -> Response {
        let input = try await request.read { fields in
            (
                email: fields.required("email", .email), password: fields.string("password", Self.passwordLengths),
                name: fields.optional("full_name", .personName)
            )
        }
        try self.limit(by: input.value.email)
        let command = RegisterAccount(
            email: input.value.email, passwordHash: try await self.hash(input.value.password), fullName: input.value.name)
        return try await self.intake.accept(command, .register, about: .new, by: nil, body: input.bytes, request, context)
    }

    private static let findByEmail: Statement = """
        select id, password_hash, token_epoch, is_active, is_superuser from users where lower(email) = lower($1) and erased_at is null
        """

    @Sendable private func login(_ request: Request, _ context: IngressContext) async throws -> Response {
        let (email, password) = try await self.credentials(request)
        try self.limit(by: email)
        let account = try await self.pool.reading { pool in
            try await pool.query(Self.findByEmail, email).decode((ID, String, Int32, Bool, Bool).self).first
        }
        // As long for an unknown address as for a known one.
        guard try await self.verify(password, against: account?.1), let (id, _, epoch, isActive, isSuperuser) = account else {
            throw Problem(.badCredentials, "The e-mail address or the password is wrong.")
        }
        guard isActive else { throw Problem(.userInactive, "The account is not active.") }
        return try .json(try await self.issuer.pair(for: id, epoch: Int(epoch), isSuperuser: isSuperuser), headers: [.cacheControl: "no-store"])
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

    @Sendable private func refresh(_ request: Request, _ context: IngressContext) async throws -> Response {
        let token = try await request.read { $0.string("refresh_token", 1...4096) }.value
        let user = try await self.authenticator.user(refreshing: token)
        return try .json(
            try await self.issuer.pair(for: user.id, epoch: user.epoch, isSuperuser: user.isSuperuser), headers: [.cacheControl: "no-store"])
    }

    @Sendable private func logoutAll(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.user(request)
        let body = try await request.bytes()
        return try await self.intake.accept(
            RevokeTokens(userID: user.id), .revokeTokens, about: .existing(user.id), by: user.id, body: body, request, context)
    }

    @Sendable private func requestReset(_ request: Request, _ context: IngressContext) async throws -> Response {
        let input = try await request.read { $0.required("email", .email) }
        try self.limit(by: input.value)
        return try await self.intake.accept(
            RequestPasswordReset(email: input.value), .requestPasswordReset, about: .none, by: nil, body: input.bytes, request, context)
    }

    @Sendable private func confirmReset(_ request: Request, _ context: IngressContext) async throws -> Response {
        let input = try await request.read { (token: $0.string("token", 1...200), password: $0.string("new_password", Self.passwordLengths)) }
        guard let reset = ResetToken.verify(input.value.token, keys: self.secrets) else {
            throw Problem(.badResetToken, "This link is not one of ours. Ask for a new one.")
        }
        let command = ResetPassword(resetID: reset, passwordHash: try await self.hash(input.value.password))
        return try await self.intake.accept(command, .resetPassword, about: .none, by: nil, body: input.bytes, request, context)
    }

    private static let passwordOf: Statement = "select password_hash, token_epoch from users where id = $1 and erased_at is null"

    @Sendable private func changePassword(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.user(request)
        let input = try await request.read {
            (current: $0.string("current_password", 1...1024), new: $0.string("new_password", Self.passwordLengths))
        }
        try self.limit(by: user.id.description)
        let account = try await self.pool.reading { pool in try await pool.query(Self.passwordOf, user.id).decode((String, Int32).self).first }
        guard try await self.verify(input.value.current, against: account?.0), let account else {
            throw Problem(.wrongPassword, "The current password is wrong.")
        }
        let command = ChangePassword(
            userID: user.id, passwordHash: try await self.hash(input.value.new), expectedEpoch: Int(account.1))
        return try await self.intake.accept(command, .changePassword, about: .existing(user.id), by: user.id, body: input.bytes, request, context)
    }

    private func limit(by account: String) throws {
        guard let limiter = self.limiter else { return }
        let standing = limiter.take("account:\(account.lowercased())")
        if !standing.isAllowed { throw limiter.refusal(standing) }
    }

    private func hash(_ password: String) async throws -> String {
        do { return try await self.passwords.hash(password) } catch { throw Self.refusal(error) }
    }

    private func verify(_ password: String, against hash: String?) async throws -> Bool {
        do { return try await self.passwords.verify(password, against: hash) } catch { throw Self.refusal(error) }
    }

    private static func refusal(_ failure: PasswordHasher.Failure) -> any Error {
        switch failure {
        case .busy, .stopped:
            Refusal(Problem(.rateLimited, "Too many sign-ins at once; try again."), headers: [.retryAfter: "1"])
        case .argon2: Problem(.internalError, "The password could not be checked.")
        }
    }
}
