public import Conveyor
import Crypto
public import FoundationEssentials
import JWTKit
public import Shop

/// Signs and verifies the API's bearer tokens: JWT (RFC 7519), HS256 and nothing else, the key named by `kid`.
public struct Tokens: Sendable {
    /// What a token is for.
    public enum Use: String, Codable, Sendable {
        /// Sent with every request.
        case access
        /// Traded for a new pair.
        case refresh
    }

    /// What a verified token says.
    public struct Claims: Sendable, Equatable {
        /// The account.
        public var userID: ID
        /// The account's token epoch when it was signed; another one now means that it was revoked.
        public var epoch: Int
        /// What it is for.
        public var use: Use
        /// Until then.
        public var expiresAt: Date
        /// What began with a sign-in, and goes on with each refresh.
        public var session: Session

        /// What a verified token says.
        public init(userID: ID, epoch: Int, use: Use, expiresAt: Date, session: Session) {
            self.userID = userID
            self.epoch = epoch
            self.use = use
            self.expiresAt = expiresAt
            self.session = session
        }
    }

    /// A family of refresh tokens, each of which is traded for the next (RFC 9700, section 4.14.2).
    public struct Session: Sendable, Equatable {
        /// The family; nil in an access token that belongs to none.
        public var id: ID?
        /// How many refresh tokens of the family came before this one.
        public var counter: Int
        /// When the password was last given.
        public var signedInAt: Date

        /// A family of refresh tokens.
        public init(id: ID?, counter: Int = 0, signedInAt: Date) {
            self.id = id
            self.counter = counter
            self.signedInAt = signedInAt
        }
    }

    /// Why a token is not accepted.
    public enum Refusal: Error, Sendable, Equatable {
        /// Its time is over.
        case expired
        /// It is not one of ours, or not for this use.
        case invalid
    }

    private struct Payload: JWTPayload {
        var sub: String
        var exp: ExpirationClaim
        var iat: IssuedAtClaim
        var nbf: NotBeforeClaim?
        var iss: String?
        var aud: AudienceClaim?
        var ep: Int
        var use: Use
        /// The session's id, counter and beginning; absent from tokens of before there were any.
        var sid: String?
        var cnt: Int?
        var auth_time: Int64?

        func verify(using algorithm: some JWTAlgorithm) throws {}
    }

    /// The clocks of those who sign and who verify may differ by so much.
    private static let leeway: TimeInterval = 60
    private static let audience = "conveyor"

    private let keys: JWTKeyCollection
    private let current: JWKIdentifier
    private let issuer: String

    /// - Parameters:
    ///   - secret: `SECRET_KEY`, which signs.
    ///   - previous: those of `SECRET_KEY_PREVIOUS`, which are still accepted.
    ///   - environment: whose tokens they are: those of a test are none in production, even if somebody gave both one key.
    public init(secret: String, previous: [String], environment: String) async {
        self.keys = JWTKeyCollection()
        self.current = Self.identifier(of: secret)
        self.issuer = "conveyor:\(environment)"
        for key in [secret] + previous {
            await self.keys.add(hmac: HMACKey(from: Data(key.utf8)), digestAlgorithm: .sha256, kid: Self.identifier(of: key))
        }
    }

    /// Names a key without telling it: the first 8 bytes of its hash under a label, in hexadecimal.
    private static func identifier(of key: String) -> JWKIdentifier {
        let digest = SHA256.hash(data: Array("conveyor.kid.".utf8) + Array(key.utf8))
        return JWKIdentifier(string: digest.prefix(8).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())
    }

    /// Signs a token with the current key.
    public func sign(_ claims: Claims, at now: Date = Date()) async throws -> String {
        let payload = Payload(
            sub: claims.userID.description, exp: ExpirationClaim(value: claims.expiresAt), iat: IssuedAtClaim(value: now), iss: self.issuer,
            aud: AudienceClaim(value: Self.audience), ep: claims.epoch, use: claims.use, sid: claims.session.id?.description,
            cnt: claims.use == .refresh ? claims.session.counter : nil, auth_time: Int64(claims.session.signedInAt.timeIntervalSince1970))
        return try await self.keys.sign(payload, kid: self.current)
    }

    /// What a token says, if one of the keys signed it with HS256, it is for this use and here, and now is its time.
    public func verify(_ token: String, for use: Use, at now: Date = Date()) async throws(Refusal) -> Claims {
        let payload: Payload
        do {
            payload = try await self.keys.verify(token, as: Payload.self)
        } catch {
            throw .invalid
        }
        guard payload.use == use, let userID = ID(payload.sub) else { throw .invalid }
        // Tokens of before these two were set are good until they expire.
        guard payload.iss ?? self.issuer == self.issuer, payload.aud?.value.contains(Self.audience) ?? true else { throw .invalid }
        guard payload.exp.value > now else { throw .expired }
        let latest = now.addingTimeInterval(Self.leeway)
        guard payload.iat.value <= latest, payload.nbf?.value ?? latest <= latest, payload.cnt ?? 0 >= 0 else { throw .invalid }
        let signedInAt = payload.auth_time.map { Date(timeIntervalSince1970: Double($0)) } ?? payload.iat.value
        var session = Session(id: payload.sid.flatMap { ID($0) }, counter: payload.cnt ?? 0, signedInAt: min(signedInAt, latest))
        // A refresh token of before there were sessions is the first of one that it names itself: it can be traded in once, too.
        if use == .refresh, session.id == nil { session.id = userID.derived("session \(token)") }
        return Claims(userID: userID, epoch: payload.ep, use: payload.use, expiresAt: payload.exp.value, session: session)
    }
}
