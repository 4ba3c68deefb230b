import ArgumentParser
import Conveyor
import ConveyorOperator
import FoundationEssentials
import Glibc
import Identity
import Postgres
import Shop

/// `conveyor users create-superuser | token`
struct UsersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "users", abstract: "Manage staff accounts of the shop.", subcommands: [CreateSuperuser.self, Token.self])

    struct CreateSuperuser: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a staff account, or give an existing account staff rights. Asks for the password.",
            discussion: "Without a terminal, it reads the password from one line of standard input.")

        @OptionGroup var options: PartOptions
        @Argument(help: "E-mail address of the account.") var email: String

        private static let upsert: Statement = """
            insert into users (id, email, password_hash, is_superuser) values ($1, normalize($2, nfc), $3, true)
            on conflict (lower(email)) do update
            set is_superuser = true, is_active = true, password_hash = excluded.password_hash, token_epoch = users.token_epoch + 1, updated_at = now()
            returning id
            """

        func run() async throws {
            guard self.email.split(separator: "@", omittingEmptySubsequences: false).count == 2, !self.email.contains(" ") else {
                throw ValidationError("not an e-mail address")
            }
            guard let password = Self.password(), password.count >= 12 else { throw ValidationError("the password needs at least 12 characters") }
            if let weakness = Password(password).weakness(email: self.email) { throw ValidationError("the password \(weakness)") }
            try await CommandContext.open(self.options) { context in
                let hash = try await PasswordHasher().hash(password)
                let id = try await context.withDatabase { pool in
                    // Written by the database owner, not by a message, so it works before a worker runs.
                    let actor = try await context.actor(for: .administer, in: pool)
                    return try await pool.transaction { transaction in
                        let id = try await transaction.query(
                            Self.upsert, ID.v7(milliseconds: UInt64(Clock.milliseconds())), self.email, hash
                        ).decode(ID.self)[0]
                        transaction.note("create_superuser", of: id.description, by: actor)
                        return id
                    }
                }
                print(id)
            }
        }

        private static func password() -> String? {
            guard isatty(STDIN_FILENO) == 1 else { return readLine() }
            // getpass(3) does not echo.
            return getpass("Password: ").map { String(cString: $0) }
        }
    }

    struct Token: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print a bearer token for an account (not in production).")

        @OptionGroup var options: PartOptions
        @Argument(help: "E-mail address of the account.") var email: String

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                let tokens = try DevelopmentTokens(settings: context.settings)
                let account = try await context.withDatabase { pool in
                    _ = try await context.actor(for: .administer, in: pool)
                    return try await pool.query("select id, token_epoch from users where lower(email) = lower(normalize($1, nfc))", self.email)
                        .decode(
                            (ID, Int32).self
                        )
                        .first
                }
                guard let account else { throw NothingFound("no account with that address") }
                let token = try tokens.make(account.0, epoch: Int(account.1))
                print(token)
            }
        }
    }
}

/// Tokens without a sign-in, for trials and measurements.
struct DevelopmentTokens: Sendable {
    private let tokens: Tokens

    /// - Throws: `SettingError` in production, or if `SECRET_KEY` is not set.
    init(settings: Settings) throws {
        guard try settings.environment() != .production else {
            throw SettingError(name: "ENVIRONMENT", reason: "is production: tokens are given for a password only")
        }
        let keys = try settings.signingKeys()
        self.tokens = Tokens(secret: keys[0], previous: Array(keys.dropFirst()), environment: try settings.environment().rawValue)
    }

    /// An account's access token, valid for a day.
    func make(_ id: ID, epoch: Int = 0) throws -> String {
        let now = Date(timeIntervalSince1970: Double(Clock.seconds()))
        return try self.tokens.sign(
            .init(userID: id, epoch: epoch, use: .access, expiresAt: now.addingTimeInterval(86_400), session: .init(id: nil, signedInAt: now)),
            at: now)
    }
}
