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
        /// The account's switch when it was signed, for the time that the database is away.
        public var isSuperuser: Bool

        /// What a verified token says.
        public init(userID: ID, epoch: Int, use: Use, expiresAt: Date, isSuperuser: Bool) {
            self.userID = userID
            self.epoch = epoch
            self.use = use
            self.expiresAt = expiresAt
            self.isSuperuser = isSuperuser
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
        var ep: Int
        var use: Use
        var su: Bool?

        func verify(using algorithm: some JWTAlgorithm) throws {}
    }

    private let keys: JWTKeyCollection
    private let current: JWKIdentifier

    /// - Parameters:
    ///   - secret: `SECRET_KEY`, which signs.
    ///   - previous: those of `SECRET_KEY_PREVIOUS`, which are still accepted.
    public init(secret: String, previous: [String]) async {
        self.keys = JWTKeyCollection()
        self.current = Self.identifier(of: secret)
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
            sub: claims.userID.description, exp: ExpirationClaim(value: claims.expiresAt), iat: IssuedAtClaim(value: now), ep: claims.epoch,
            use: claims.use, su: claims.isSuperuser ? true : nil)
        return try await self.keys.sign(payload, kid: self.current)
    }

    /// What a token says, if one of the keys signed it with HS256, it is for this use and its time is not over.
    public func verify(_ token: String, for use: Use, at now: Date = Date()) async throws(Refusal) -> Claims {
        let payload: Payload
        do {
            payload = try await self.keys.verify(token, as: Payload.self)
        } catch {
            throw .invalid
        }
        guard payload.use == use, let userID = ID(payload.sub) else { throw .invalid }
        guard payload.exp.value > now else { throw .expired }
        return Claims(userID: userID, epoch: payload.ep, use: payload.use, expiresAt: payload.exp.value, isSuperuser: payload.su ?? false)
    }
}
