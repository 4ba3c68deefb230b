import Conveyor
import FoundationEssentials
import Identity
import Shop

/// The answer to a sign-in (RFC 6749, section 5.1).
struct TokenPair: Encodable, Sendable {
    let accessToken: String
    let refreshToken: String
    let tokenType = "bearer"
    /// The access token's lifetime in seconds.
    let expiresIn: Int

    enum CodingKeys: String, CodingKey {
        case accessToken = "access_token"
        case refreshToken = "refresh_token"
        case tokenType = "token_type"
        case expiresIn = "expires_in"
    }
}

/// Creates token pairs with the lifetimes from the settings.
struct TokenIssuer: Sendable {
    private let tokens: Tokens
    private let access: Duration
    private let refresh: Duration

    /// - Throws: `SettingError`.
    init(tokens: Tokens, settings: Settings) throws(SettingError) {
        guard try settings.require("ALGORITHM") == "HS256" else { throw SettingError(name: "ALGORITHM", reason: "must be HS256") }
        self.tokens = tokens
        self.access = try settings.minutes("ACCESS_TOKEN_EXPIRE_MINUTES")
        self.refresh = try settings.days("REFRESH_TOKEN_EXPIRE_DAYS")
    }

    /// A session ends this long after its sign-in, however often it is refreshed.
    private static let sessionLifetime: TimeInterval = 90 * 86_400

    /// A new session.
    func newSession() -> Tokens.Session {
        Tokens.Session(id: .v7(milliseconds: UInt64(Clock.milliseconds())), signedInAt: Self.now)
    }

    /// The expiry of a refresh token issued now; nil if its session is over.
    func expiry(of session: Tokens.Session) -> Date? {
        let end = session.signedInAt.addingTimeInterval(Self.sessionLifetime)
        return end > Self.now ? min(end, Self.now.addingTimeInterval(self.refresh / .seconds(1))) : nil
    }

    /// - Parameter expiresAt: of the refresh token; see ``expiry(of:)``.
    func pair(for id: ID, epoch: Int, _ session: Tokens.Session, until expiresAt: Date) throws -> TokenPair {
        let now = Self.now
        func sign(_ use: Tokens.Use, _ expiresAt: Date) throws -> String {
            try self.tokens.sign(.init(userID: id, epoch: epoch, use: use, expiresAt: expiresAt, session: session), at: now)
        }
        return TokenPair(
            accessToken: try sign(.access, now.addingTimeInterval(self.access / .seconds(1))),
            refreshToken: try sign(.refresh, expiresAt), expiresIn: Int(self.access / .seconds(1)))
    }

    // Whole seconds: some JWT libraries accept nothing else.
    private static var now: Date { Date(timeIntervalSince1970: Double(Clock.seconds())) }
}
