import Conveyor
import Crypto
import FoundationEssentials
import Identity
import Logging
import Transfer

/// An OpenID Connect provider with the operators' accounts (https://openid.net/specs/openid-connect-core-1_0.html): the authorization code flow
/// with PKCE (RFC 7636), ID tokens verified with the provider's keys.
///
/// The console contacts it only for a sign-in: while it is away, all other ways to sign in work.
actor OpenIDProvider {
    /// Its settings.
    struct Configuration: Sendable {
        var issuer: String
        var clientID: String
        var clientSecret: String
        /// A member of the ID token, or a path of members separated by dots.
        var roleClaim: String
        /// The redirect URI.
        var redirectURI: String

        /// nil if `OIDC_ISSUER` is not set.
        /// - Throws: if another of its settings is missing or wrong.
        init?(_ settings: Settings, address: ConsoleAddress) throws(SettingError) {
            guard settings.isSet("OIDC_ISSUER") else { return nil }
            // Unchanged: issuers are compared exactly.
            _ = try settings.webAddress("OIDC_ISSUER")
            self.issuer = try settings.require("OIDC_ISSUER")
            if try settings.environment() == .production, !self.issuer.hasPrefix("https://") {
                throw SettingError(name: "OIDC_ISSUER", reason: "must be https in production")
            }
            self.clientID = try settings.require("OIDC_CLIENT_ID")
            self.clientSecret = try settings.require("OIDC_CLIENT_SECRET")
            self.roleClaim = try settings.require("OIDC_ROLE_CLAIM")
            self.redirectURI = address.base + "/login/oidc/callback"
        }
    }

    /// A failed sign-in, with an explanation for the person.
    struct Refused: Error, CustomStringConvertible {
        let description: String
        /// The provider is unreachable, or its answer is wrong: a retry may succeed.
        var isOutage = false
    }

    /// A person as identified by the provider.
    struct Account: Sendable, Equatable {
        var name: String
        var role: Role
    }

    /// The state in the browser during a sign-in.
    struct Attempt: Sendable, Equatable {
        var state = Secret.random()
        var nonce = Secret.random()
        var verifier = Secret.random()
        /// The page to open afterwards.
        var next: String

        /// The value of the cookie.
        var text: String { [self.state, self.nonce, self.verifier, Base64URL.encode(Array(self.next.utf8))].joined(separator: ".") }

        init(next: String) { self.next = next }

        init?(_ text: String) {
            let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 4, parts.prefix(3).allSatisfy({ $0.utf8.count == 43 }), let next = Base64URL.decode(parts[3].utf8) else {
                return nil
            }
            (self.state, self.nonce, self.verifier) = (parts[0], parts[1], parts[2])
            self.next = String(decoding: next, as: UTF8.self)
        }
    }

    private struct Endpoints: Decodable {
        var issuer: String
        var authorization: String
        var token: String
        var keys: String
        var authMethods: [String]?

        enum CodingKeys: String, CodingKey {
            case issuer
            case authorization = "authorization_endpoint"
            case token = "token_endpoint"
            case keys = "jwks_uri"
            case authMethods = "token_endpoint_auth_methods_supported"
        }
    }

    private struct TokenAnswer: Decodable {
        var idToken: String
        enum CodingKeys: String, CodingKey { case idToken = "id_token" }
    }

    /// The allowed difference of clocks in seconds.
    private static let leeway = 60.0
    /// The minimum interval of fetching keys because of an unknown one.
    private static let keyPause = Duration.seconds(60)

    private let configuration: Configuration
    private let client: HTTPClient
    private var endpoints: Endpoints?
    private var keys: [String: ProviderKey] = [:]
    private var areKeysKnown = false
    private var askedForUnknownAt: ContinuousClock.Instant?

    init(_ configuration: Configuration, caFile: String?) throws {
        self.configuration = configuration
        self.client = try HTTPClient(userAgent: "conveyor/\(ConveyorVersion.current)", caFile: caFile)
    }

    // MARK: Redirects

    /// The URL at which a browser signs in.
    func authorizationURL(_ attempt: Attempt) async throws -> String {
        let endpoints = try await self.discovered()
        let challenge = Base64URL.encode(Array(SHA256.hash(data: Array(attempt.verifier.utf8))))
        let query: [(name: String, value: String?)] = [
            ("response_type", "code"), ("client_id", self.configuration.clientID), ("redirect_uri", self.configuration.redirectURI),
            ("scope", "openid profile email"), ("state", attempt.state), ("nonce", attempt.nonce), ("code_challenge", challenge),
            ("code_challenge_method", "S256"),
        ]
        let text = Form.query(query)
        return endpoints.authorization + (endpoints.authorization.contains("?") ? "&" + text.dropFirst() : text)
    }

    /// Exchanges a code for an ID token, and reads its subject.
    /// - Throws: `Refused`.
    func account(code: String, _ attempt: Attempt) async throws -> Account {
        let endpoints = try await self.discovered()
        var form = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", self.configuration.redirectURI),
            ("code_verifier", attempt.verifier),
            ("client_id", self.configuration.clientID),
        ]
        var headers: HTTPHeaders = ["Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"]
        // Every provider supports this unless it declares otherwise (RFC 6749, section 2.3.1).
        if endpoints.authMethods?.contains("client_secret_basic") ?? true {
            let pair = "\(Form.escaped(self.configuration.clientID)):\(Form.escaped(self.configuration.clientSecret))"
            headers["Authorization"] = "Basic " + Data(pair.utf8).base64EncodedString()
        } else {
            form.append(("client_secret", self.configuration.clientSecret))
        }
        let response = try await self.send(HTTPRequest(.post, url: endpoints.token, headers: headers, body: FormEncoding.encode(form)))
        guard response.status == 200 else { throw Refused(description: "the provider did not take the code (\(response.status))") }
        guard let answer = try? JSON.decode(TokenAnswer.self, from: response.body) else {
            throw Refused(description: "the provider gave no ID token")
        }
        return try await self.account(idToken: answer.idToken, nonce: attempt.nonce)
    }

    private func send(_ request: HTTPRequest) async throws(Refused) -> HTTPResponse {
        var request = request
        request.timeout = .seconds(10)
        request.maximumResponseSize = 1 << 20
        do {
            return try await self.client.send(request)
        } catch {
            throw Refused(description: "the provider cannot be reached", isOutage: true)
        }
    }

    private func discovered() async throws(Refused) -> Endpoints {
        if let endpoints { return endpoints }
        var base = self.configuration.issuer
        while base.last == "/" { base.removeLast() }
        let response = try await self.send(HTTPRequest(url: base + "/.well-known/openid-configuration"))
        guard response.status == 200, let found = try? JSON.decode(Endpoints.self, from: response.body) else {
            throw Refused(description: "the provider does not describe itself", isOutage: true)
        }
        guard found.issuer == self.configuration.issuer else { throw Refused(description: "the provider is another issuer than OIDC_ISSUER says") }
        self.endpoints = found
        return found
    }

    // MARK: The ID token

    /// The subject of an ID token (OpenID Connect Core, section 3.1.3.7).
    private func account(idToken: String, nonce: String) async throws -> Account {
        guard let token = JSONWebToken(idToken), let claims = try? JSON.decode(JSONValue.self, from: Array(token.payload)) else {
            throw Refused(description: "the ID token is none")
        }
        guard let algorithm = ProviderKey.Algorithm(rawValue: token.header.alg) else {
            throw Refused(description: "the ID token is signed in a way that proves nothing")
        }
        guard try await self.key(token.header.kid).isValid(token.signature, of: token.signed, by: algorithm) else {
            throw Refused(description: "the ID token is not signed by the provider")
        }
        return try self.account(claims, nonce: nonce, now: Date().timeIntervalSince1970)
    }

    private func account(_ claims: JSONValue, nonce: String, now: Double) throws(Refused) -> Account {
        guard claims["iss"].string == self.configuration.issuer else { throw Refused(description: "the ID token is of another issuer") }
        let audience = claims["aud"].string.map { [$0] } ?? claims["aud"].array.compactMap(\.string)
        guard audience.contains(self.configuration.clientID), audience.count == 1 || claims["azp"].string == self.configuration.clientID else {
            throw Refused(description: "the ID token is not for this console")
        }
        guard let expiry = claims["exp"].seconds, expiry > now - Self.leeway else { throw Refused(description: "the ID token has expired") }
        if let start = claims["nbf"].seconds, start > now + Self.leeway { throw Refused(description: "the ID token does not count yet") }
        guard claims["nonce"].string == nonce else { throw Refused(description: "the ID token answers another sign-in") }
        guard let role = self.role(of: claims) else {
            throw Refused(
                description: "the account has no role here: the claim \(self.configuration.roleClaim) names none of viewer, operator and admin")
        }
        let names = ["preferred_username", "email", "sub"].compactMap { claims[$0].string.flatMap(SignInPage.cleanedName) }
        guard let name = names.first else { throw Refused(description: "the account has no name") }
        return Account(name: name, role: role)
    }

    /// The highest role in the claim.
    private func role(of claims: JSONValue) -> Role? {
        var claim = claims[self.configuration.roleClaim]
        if claim == .null {
            claim = self.configuration.roleClaim.split(separator: ".").reduce(claims) { $0[String($1)] }
        }
        return (claim.string.map { [$0] } ?? claim.array.compactMap(\.string)).compactMap { Role(rawValue: $0) }.max()
    }

    // MARK: Keys

    private func key(_ kid: String?) async throws(Refused) -> ProviderKey {
        if !self.areKeysKnown { try await self.askForKeys() }
        if let key = self.known(kid) { return key }
        // The provider may have a new key. Invented key ids cannot make us fetch more often than this.
        let now = ContinuousClock.now
        if self.askedForUnknownAt.map({ now - $0 >= Self.keyPause }) ?? true {
            self.askedForUnknownAt = now
            try await self.askForKeys()
            if let key = self.known(kid) { return key }
        }
        throw Refused(description: "the ID token is signed by a key that the provider does not name")
    }

    private func known(_ kid: String?) -> ProviderKey? {
        if let kid { return self.keys[kid] }
        return self.keys.count == 1 ? self.keys.first?.value : nil
    }

    private func askForKeys() async throws(Refused) {
        struct KeySet: Decodable { var keys: [JSONValue] }
        let response = try await self.send(HTTPRequest(url: try await self.discovered().keys))
        guard response.status == 200, let set = try? JSON.decode(KeySet.self, from: response.body) else {
            throw Refused(description: "the provider does not tell its keys", isOutage: true)
        }
        // Unknown kinds of keys, and keys for other uses, are ignored.
        self.keys = Dictionary(set.keys.compactMap { value in ProviderKey(value).map { (value["kid"].string ?? "", $0) } }) { first, _ in first }
        self.areKeysKnown = true
    }
}

extension JSONValue {
    /// A NumericDate (RFC 7519).
    fileprivate var seconds: Double? {
        switch self {
        case .int(let number): Double(number)
        case .double(let number): number
        default: nil
        }
    }
}
