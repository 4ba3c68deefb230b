public import Conveyor
import Crypto
public import FoundationEssentials
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

    private struct Payload: Codable {
        var sub: String
        /// Seconds, as all times are (RFC 7519, section 2: NumericDate).
        var exp: Double
        var iat: Double
        var nbf: Double?
        var iss: String?
        var aud: Audience?
        var ep: Int
        var use: Use
        /// The session's id, counter and beginning; absent from tokens of before there were any.
        var sid: String?
        var cnt: Int?
        var auth_time: Int64?
    }

    /// One receiver or several (RFC 7519, section 4.1.3).
    private struct Audience: Codable {
        var receivers: [String]

        init(_ receiver: String) { self.receivers = [receiver] }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let receiver = try? container.decode(String.self) {
                self.receivers = [receiver]
            } else {
                self.receivers = try container.decode([String].self)
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            if self.receivers.count == 1 { try container.encode(self.receivers[0]) } else { try container.encode(self.receivers) }
        }
    }

    /// The clocks of those who sign and who verify may differ by so much.
    private static let leeway: TimeInterval = 60
    private static let audience = "conveyor"
    private static let algorithm = "HS256"

    private let current: (id: String, key: SymmetricKey)
    /// The current one and those before it, by their `kid`.
    private let keys: [String: SymmetricKey]
    private let issuer: String

    /// - Parameters:
    ///   - secret: `SECRET_KEY`, which signs.
    ///   - previous: those of `SECRET_KEY_PREVIOUS`, which are still accepted.
    ///   - environment: whose tokens they are: those of a test are none in production, even if somebody gave both one key.
    public init(secret: String, previous: [String], environment: String) {
        let keys = ([secret] + previous).map { (id: Self.identifier(of: $0), key: SymmetricKey(data: Array($0.utf8))) }
        self.current = keys[0]
        self.keys = Dictionary(keys.map { ($0.id, $0.key) }) { first, _ in first }
        self.issuer = "conveyor:\(environment)"
    }

    /// Names a key without telling it: the first 8 bytes of its hash under a label, in hexadecimal.
    private static func identifier(of key: String) -> String {
        let digest = SHA256.hash(data: Array("conveyor.kid.".utf8) + Array(key.utf8))
        return digest.prefix(8).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// Signs a token with the current key.
    /// - Throws: `EncodingError`: a time that is no number.
    public func sign(_ claims: Claims, at now: Date = Date()) throws -> String {
        let payload = Payload(
            sub: claims.userID.description, exp: claims.expiresAt.timeIntervalSince1970, iat: now.timeIntervalSince1970, iss: self.issuer,
            aud: Audience(Self.audience), ep: claims.epoch, use: claims.use, sid: claims.session.id?.description,
            cnt: claims.use == .refresh ? claims.session.counter : nil, auth_time: Int64(claims.session.signedInAt.timeIntervalSince1970))
        return try JSONWebToken.encode(.init(alg: Self.algorithm, kid: self.current.id, typ: "JWT"), payload) { signed in
            HMAC<SHA256>.authenticationCode(for: signed, using: self.current.key)
        }
    }

    /// What a token says, if one of the keys signed it with HS256, it is for this use and here, and now is its time.
    public func verify(_ text: String, for use: Use, at now: Date = Date()) throws(Refusal) -> Claims {
        // Tokens of before keys had names are of the current one.
        guard let token = JSONWebToken(text), token.header.alg == Self.algorithm, let key = self.keys[token.header.kid ?? self.current.id],
            HMAC<SHA256>.isValidAuthenticationCode(token.signature, authenticating: token.signed, using: key),
            let payload = try? JSONDecoder().decode(Payload.self, from: token.payload)
        else { throw .invalid }
        guard payload.use == use, let userID = ID(payload.sub) else { throw .invalid }
        // Tokens of before these two were set are good until they expire.
        guard payload.iss ?? self.issuer == self.issuer, payload.aud?.receivers.contains(Self.audience) ?? true else { throw .invalid }
        let (expiresAt, signedAt) = (Date(timeIntervalSince1970: payload.exp), Date(timeIntervalSince1970: payload.iat))
        guard expiresAt > now else { throw .expired }
        let latest = now.addingTimeInterval(Self.leeway)
        guard signedAt <= latest, payload.nbf ?? 0 <= latest.timeIntervalSince1970, payload.cnt ?? 0 >= 0 else { throw .invalid }
        let signedInAt = payload.auth_time.map { Date(timeIntervalSince1970: Double($0)) } ?? signedAt
        var session = Session(id: payload.sid.flatMap { ID($0) }, counter: payload.cnt ?? 0, signedInAt: min(signedInAt, latest))
        // A refresh token of before there were sessions is the first of one that it names itself: it can be traded in once, too.
        if use == .refresh, session.id == nil { session.id = userID.derived("session \(text)") }
        return Claims(userID: userID, epoch: payload.ep, use: payload.use, expiresAt: expiresAt, session: session)
    }
}
