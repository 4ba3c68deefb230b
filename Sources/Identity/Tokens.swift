public import Conveyor
import Crypto
public import FoundationEssentials

/// Signs and verifies the API's bearer tokens: JWT (RFC 7519), only HS256, with the key's name in `kid`.
public struct Tokens: Sendable {
    /// The purpose of a token.
    public enum Use: String, Codable, Sendable {
        /// Sent with each request.
        case access
        /// Exchanged for a new pair of tokens.
        case refresh
    }

    /// The claims of a verified token.
    public struct Claims: Sendable, Equatable {
        /// The account's id.
        public var userID: ID
        /// The account's token epoch at the time of signing; a different one now means that the token was revoked.
        public var epoch: Int
        /// The token's purpose.
        public var use: Use
        /// When it expires.
        public var expiresAt: Date
        /// The session that began with a sign-in and continues with each refresh.
        public var session: Session

        /// The claims of a token.
        public init(userID: ID, epoch: Int, use: Use, expiresAt: Date, session: Session) {
            self.userID = userID
            self.epoch = epoch
            self.use = use
            self.expiresAt = expiresAt
            self.session = session
        }
    }

    /// A family of refresh tokens, each of which is exchanged for the next (RFC 9700, section 4.14.2).
    public struct Session: Sendable, Equatable {
        /// The family's id; nil in an access token without a session.
        public var id: ID?
        /// The number of refresh tokens of the family before this one.
        public var counter: Int
        /// When the user last entered the password.
        public var signedInAt: Date

        /// A family of refresh tokens.
        public init(id: ID?, counter: Int = 0, signedInAt: Date) {
            self.id = id
            self.counter = counter
            self.signedInAt = signedInAt
        }
    }

    /// The reason to refuse a token.
    public enum Refusal: Error, Sendable, Equatable {
        /// It has expired.
        case expired
        /// It is not one of this site's, or not for this purpose.
        case invalid
    }

    private struct Payload: Codable {
        var sub: String
        /// Times in seconds (RFC 7519, section 2: NumericDate).
        var exp: Double
        var iat: Double
        var nbf: Double?
        var iss: String?
        var aud: Audience?
        var ep: Int
        var use: Use
        /// The session's id, counter and beginning; absent from tokens older than sessions.
        var sid: String?
        var cnt: Int?
        var auth_time: Int64?
    }

    /// One audience or several (RFC 7519, section 4.1.3).
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

    /// The allowed difference between the signer's and the verifier's clocks.
    private static let leeway: TimeInterval = 60
    private static let audience = "conveyor"
    private static let algorithm = "HS256"

    private let current: (id: String, key: SymmetricKey)
    /// The current key and the previous ones, by `kid`.
    private let keys: [String: SymmetricKey]
    private let issuer: String

    /// - Parameters:
    ///   - secret: `SECRET_KEY`, the key for signing.
    ///   - previous: the keys of `SECRET_KEY_PREVIOUS`, which are still accepted.
    ///   - environment: the tokens' audience: production refuses tokens of a test, even if both share a key.
    public init(secret: String, previous: [String], environment: String) {
        let keys = ([secret] + previous).map { (id: Self.identifier(of: $0), key: SymmetricKey(data: Array($0.utf8))) }
        self.current = keys[0]
        self.keys = Dictionary(keys.map { ($0.id, $0.key) }) { first, _ in first }
        self.issuer = "conveyor:\(environment)"
    }

    /// A key's id, which does not reveal the key: the first 8 bytes of its hash under a label, in hexadecimal.
    private static func identifier(of key: String) -> String {
        let digest = SHA256.hash(data: Array("conveyor.kid.".utf8) + Array(key.utf8))
        return digest.prefix(8).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// Signs a token with the current key.
    /// - Throws: `EncodingError` for a time that is not a number.
    public func sign(_ claims: Claims, at now: Date = Date()) throws -> String {
        let payload = Payload(
            sub: claims.userID.description, exp: claims.expiresAt.timeIntervalSince1970, iat: now.timeIntervalSince1970, iss: self.issuer,
            aud: Audience(Self.audience), ep: claims.epoch, use: claims.use, sid: claims.session.id?.description,
            cnt: claims.use == .refresh ? claims.session.counter : nil, auth_time: Int64(claims.session.signedInAt.timeIntervalSince1970))
        return try JSONWebToken.encode(.init(alg: Self.algorithm, kid: self.current.id, typ: "JWT"), payload) { signed in
            HMAC<SHA256>.authenticationCode(for: signed, using: self.current.key)
        }
    }

    /// A token's claims, if a known key signed it with HS256, purpose and audience match, and it is valid now.
    public func verify(_ text: String, for use: Use, at now: Date = Date()) throws(Refusal) -> Claims {
        // Tokens without `kid` are older than key ids; the current key signed them.
        guard let token = JSONWebToken(text), token.header.alg == Self.algorithm, let key = self.keys[token.header.kid ?? self.current.id],
            HMAC<SHA256>.isValidAuthenticationCode(token.signature, authenticating: token.signed, using: key),
            let payload = try? JSONDecoder().decode(Payload.self, from: token.payload)
        else { throw .invalid }
        guard payload.use == use, let userID = ID(payload.sub) else { throw .invalid }
        // Tokens without these two claims are older than the claims, and valid until they expire.
        guard payload.iss ?? self.issuer == self.issuer, payload.aud?.receivers.contains(Self.audience) ?? true else { throw .invalid }
        let (expiresAt, signedAt) = (Date(timeIntervalSince1970: payload.exp), Date(timeIntervalSince1970: payload.iat))
        guard expiresAt > now else { throw .expired }
        let latest = now.addingTimeInterval(Self.leeway)
        guard signedAt <= latest, payload.nbf ?? 0 <= latest.timeIntervalSince1970, payload.cnt ?? 0 >= 0 else { throw .invalid }
        let signedInAt = payload.auth_time.map { Date(timeIntervalSince1970: Double($0)) } ?? signedAt
        var session = Session(id: payload.sid.flatMap { ID($0) }, counter: payload.cnt ?? 0, signedInAt: min(signedInAt, latest))
        // A refresh token without a session is older than sessions: it starts one under its own id, so it can be exchanged only once, too.
        if use == .refresh, session.id == nil { session.id = userID.derived("session \(text)") }
        return Claims(userID: userID, epoch: payload.ep, use: payload.use, expiresAt: expiresAt, session: session)
    }
}
