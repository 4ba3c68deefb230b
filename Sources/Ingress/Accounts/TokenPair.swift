import Conveyor
import FoundationEssentials
import Identity
import Shop

/// What a sign-in is answered with (RFC 6749, section 5.1).
struct TokenPair: Encodable, Sendable {
    let accessToken: String
    let refreshToken: String
    let tokenType = "bearer"
    /// Seconds that the access token is good for.
    let expiresIn: Int

    enum CodingKeys: String, CodingKey {
        case accessToken = "access_token"
        case refreshToken = "refresh_token"
        case tokenType = "token_type"
        case expiresIn = "expires_in"
    }
}

/// Makes token pairs of the lifetimes that the settings say.
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

    /// A session ends for good so long after its sign-in, however often it was refreshed.
    private static let sessionLifetime: TimeInterval = 90 * 86_400

    /// A session that begins now.
    func newSession() -> Tokens.Session {
        Tokens.Session(id: .v7(milliseconds: UInt64(Clock.milliseconds())), signedInAt: Self.now)
    }

    /// When a refresh token that is given out now ends; nil if its session is at its end.
    func expiry(of session: Tokens.Session) -> Date? {
        let end = session.signedInAt.addingTimeInterval(Self.sessionLifetime)
        return end > Self.now ? min(end, Self.now.addingTimeInterval(self.refresh / .seconds(1))) : nil
    }

    /// - Parameter expiresAt: of the refresh token, see ``expiry(of:)``.
    func pair(for id: ID, epoch: Int, _ session: Tokens.Session, until expiresAt: Date) throws -> TokenPair {
        let now = Self.now
        func sign(_ use: Tokens.Use, _ expiresAt: Date) throws -> String {
            try self.tokens.sign(.init(userID: id, epoch: epoch, use: use, expiresAt: expiresAt, session: session), at: now)
        }
        return TokenPair(
            accessToken: try sign(.access, now.addingTimeInterval(self.access / .seconds(1))),
            refreshToken: try sign(.refresh, expiresAt), expiresIn: Int(self.access / .seconds(1)))
    }

    // Whole seconds: some readers of tokens take no other.
    private static var now: Date { Date(timeIntervalSince1970: Double(Clock.seconds())) }
}
