import FoundationEssentials
import Identity
import Kit
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

    func pair(for id: ID, epoch: Int, isSuperuser: Bool) async throws -> TokenPair {
        // Whole seconds: some readers of tokens take no other.
        let now = Date(timeIntervalSince1970: Double(Clock.seconds()))
        func sign(_ use: Tokens.Use, _ lifetime: Duration) async throws -> String {
            try await self.tokens.sign(
                .init(
                    userID: id, epoch: epoch, use: use, expiresAt: now.addingTimeInterval(lifetime / .seconds(1)),
                    isSuperuser: isSuperuser), at: now)
        }
        return TokenPair(
            accessToken: try await sign(.access, self.access), refreshToken: try await sign(.refresh, self.refresh),
            expiresIn: Int(self.access / .seconds(1)))
    }
}
