public import Conveyor
import Crypto
import Fixtures
import FoundationEssentials
import Hummingbird
import JWTKit
import Logging
import Shop
import Synchronization
import Testing
import Transfer

@testable import ConveyorOperator
@testable import Operator

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    /// A text.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A list.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// An object.
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(Dictionary(uniqueKeysWithValues: elements)) }
}

/// An OpenID Connect provider on a port: it speaks the protocol of a real one, with the faults that a test sets.
private final class ProviderDouble: Sendable {
    struct State {
        var claims: [String: JSONValue] = [:]
        /// Wrong claims for the next ID tokens.
        var wrong: [String: JSONValue] = [:]
        var key = ES256PrivateKey()
        var kid = "first"
        /// Sets the algorithm `none` and omits the signature.
        var signsNothing = false
        /// Signs with another key than the named one.
        var signsWithAnotherKey = false
        var nonces: [String: (nonce: String, challenge: String)] = [:]
        var keyRequests = 0
        var isDown = false
    }

    let state = Mutex(State())
    private let portBox = Mutex(0)
    var issuer: String { "http://127.0.0.1:\(self.portBox.withLock { $0 })" }

    struct Payload: JWTPayload {
        let value: JSONValue
        init(_ value: JSONValue) { self.value = value }
        init(from decoder: any Decoder) throws { self.value = try JSONValue(from: decoder) }
        func encode(to encoder: any Encoder) throws { try self.value.encode(to: encoder) }
        func verify(using algorithm: some JWTAlgorithm) throws {}
    }

    private static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok) throws -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"], body: .init(byteBuffer: ByteBuffer(bytes: try JSON.encode(value))))
    }

    private func idToken(nonce: String) async throws -> String {
        let (claims, key, kid, signsNothing) = self.state.withLock { state in
            let now = Int64(Date().timeIntervalSince1970)
            var claims: [String: JSONValue] = [
                "iss": .string(self.issuer), "aud": "console", "sub": "u-1", "exp": .int(now + 300), "iat": .int(now), "nonce": .string(nonce),
            ]
            claims.merge(state.claims) { $1 }
            claims.merge(state.wrong) { $1 }
            return (claims, state.signsWithAnotherKey ? ES256PrivateKey() : state.key, state.kid, state.signsNothing)
        }
        if signsNothing {
            let header = Base64URL.encode(Array(#"{"alg":"none","kid":"\#(kid)"}"#.utf8))
            return "\(header).\(Base64URL.encode(try JSON.encode(JSONValue.object(claims))))."
        }
        var header = JWTHeader()
        header.kid = kid
        return try await JWTKeyCollection().add(ecdsa: key, kid: JWKIdentifier(string: kid)).sign(Payload(.object(claims)), header: header)
    }

    private func routes(_ router: Router<BasicRequestContext>) {
        router.get("/.well-known/openid-configuration") { _, _ in
            if self.state.withLock({ $0.isDown }) { return Response(status: .serviceUnavailable) }
            let issuer = self.issuer
            return try Self.json([
                "issuer": .string(issuer), "authorization_endpoint": .string(issuer + "/authorize"), "token_endpoint": .string(issuer + "/token"),
                "jwks_uri": .string(issuer + "/keys"),
            ])
        }
        router.get("/authorize") { request, _ in
            let query = request.uri.queryParameters
            guard query["client_id"] == "console", query["response_type"] == "code", query["code_challenge_method"] == "S256",
                let back = query["redirect_uri"], let state = query["state"], let nonce = query["nonce"], let challenge = query["code_challenge"]
            else { return Response(status: .badRequest) }
            let code = UUID().uuidString
            self.state.withLock { $0.nonces[code] = (String(nonce), String(challenge)) }
            return Response(status: .found, headers: [.location: "\(back)?code=\(code)&state=\(state)"])
        }
        router.post("/token") { request, _ in
            let form = String(buffer: try await request.body.collect(upTo: 1 << 16))
            let fields = Dictionary(
                form.split(separator: "&").map { pair in
                    let parts = pair.split(separator: "=", maxSplits: 1)
                    return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
                }
            ) { $1 }
            let secret = "Basic " + Data("console:a-secret".utf8).base64EncodedString()
            guard request.headers[.authorization] == secret, let code = fields["code"],
                let (nonce, challenge) = self.state.withLock({ $0.nonces.removeValue(forKey: code) }),
                challenge == Base64URL.encode(Secret.digest(fields["code_verifier"] ?? ""))
            else { return try Self.json(["error": "invalid_grant"], status: .badRequest) }
            return try Self.json(["id_token": .string(try await self.idToken(nonce: nonce)), "access_token": "a", "token_type": "Bearer"])
        }
        router.get("/keys") { _, _ in
            let (key, kid) = self.state.withLock { state in
                state.keyRequests += 1
                return (state.key, state.kid)
            }
            let point = try P256.Signing.PublicKey(pemRepresentation: key.publicKey.pemRepresentation).rawRepresentation
            let (x, y) = (Base64URL.encode(Array(point.prefix(32))), Base64URL.encode(Array(point.suffix(32))))
            return try Self.json([
                "keys": [
                    ["kty": "oct", "kid": "a-kind-that-nobody-knows", "k": "AAAA"],
                    ["kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": .string(kid), "x": .string(x), "y": .string(y)],
                ]
            ])
        }
    }

    /// Runs it while `body` runs.
    func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let router = Router(context: BasicRequestContext.self)
        self.routes(router)
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        var application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in port.yield(channel.localAddress?.port ?? 0) })
        application.logger.logLevel = .critical
        let service = application
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            for await port in ports {
                self.portBox.withLock { $0 = port }
                break
            }
            group.addTask { try await body() }
            try await group.next()
            group.cancelAll()
        }
    }
}

/// Signing in with an account of an OpenID Connect provider.
@Suite struct OpenIDTests {
    /// A console with this provider.
    private func withProvider(_ body: @escaping @Sendable (ProviderDouble, ConsoleFixture) async throws -> Void) async throws {
        let provider = ProviderDouble()
        try await provider.run {
            try await withConsoleStopped { console in
                let settings = [
                    "OIDC_ISSUER": provider.issuer, "OIDC_CLIENT_ID": "console", "OIDC_CLIENT_SECRET": "a-secret", "OIDC_ROLE_CLAIM": "groups",
                    "CONSOLE_URL": console.base,
                ]
                try await console.run(settings) { _ in try await body(provider, console) }
            }
        }
    }

    /// A new person signs in.
    private func status(ofSigningInAt base: String) async throws -> Int { try await self.signIn(WebClient(base: base)).status }

    /// Does all steps of a sign-in as a browser does.
    /// - Returns: the console's last answer.
    @discardableResult
    private func signIn(_ client: WebClient, from page: String = "/jobs") async throws -> WebClient.Page {
        let leave = try await client.get("/login/oidc?next=\(page)")
        guard let location = leave.location else { return leave }
        let provider = try WebClient(base: "")
        guard let back = try await provider.get(location).location else { throw FixtureError("the provider refused: \(location)") }
        return try await client.get(String(back.dropFirst(client.base.count)), headers: ["Sec-Fetch-Site": "cross-site"])
    }

    @Test func `an account signs in with its highest role under its name, and acts by it`() async throws {
        try await self.withProvider { provider, console in
            let client = try WebClient(base: console.base)
            #expect(try await client.get("/login").text.contains(#"href="/login/oidc""#))
            provider.state.withLock {
                $0.claims = ["preferred_username": "grace", "email": "g@example.com", "groups": ["staff", "viewer", "operator"]]
            }
            let page = try await self.signIn(client)
            #expect(page.status == 200 && page.text.contains("url=/jobs"), "\(page.text)")
            #expect(try await client.get("/").text.contains("<b>grace</b> <small>operator</small>"))
            #expect(try await client.submit("/queues/email/pause").status == 303)
            #expect(try await client.get("/people").status == 403)
            #expect(try await console.audit(of: "email").map { $0[0] } == ["operator:grace"])

            for (claims, name, role) in [
                (["email": "h@example.com", "groups": "admin"] as [String: JSONValue], "h@example.com", "admin"),
                (["groups": "viewer"], "u-1", "viewer"),
            ] {
                provider.state.withLock { $0.claims = claims }
                let other = try WebClient(base: console.base)
                try await self.signIn(other)
                #expect(try await other.get("/").text.contains("<b>\(name)</b> <small>\(role)</small>"))
            }
        }
    }

    @Test func `an account without a role, or with a person's name, is refused`() async throws {
        try await self.withProvider { provider, console in
            for claims in [["preferred_username": "eve"], ["preferred_username": "eve", "groups": ["staff"]], ["groups": JSONValue.int(1)]]
                as [[String: JSONValue]]
            {
                provider.state.withLock { $0.claims = claims }
                let client = try WebClient(base: console.base)
                #expect(try await self.signIn(client).status == 403)
                #expect(try await client.get("/jobs").status == 303)
            }
            provider.state.withLock { $0.claims = ["preferred_username": "Ada", "groups": "admin"] }
            let early = try WebClient(base: console.base)
            #expect(try await self.signIn(early).status == 200)
            try await console.addPerson("ada", role: .viewer)
            #expect(try await early.get("/jobs").status == 303, "her name is a person's now")
            #expect(try await self.signIn(early).status == 403)
        }
    }

    @Test func `an ID token that is not for this console, this time and this browser is refused`() async throws {
        try await self.withProvider { provider, console in
            let now = Int64(Date().timeIntervalSince1970)
            provider.state.withLock { $0.claims = ["preferred_username": "grace", "groups": "admin"] }
            let wrongs: [[String: JSONValue]] = [
                ["iss": "https://other.example"], ["aud": "another"], ["aud": ["another", "console"]], ["aud": []], ["exp": .int(now - 120)],
                ["exp": .null],
                ["nonce": "another"], ["nonce": .null], ["nbf": .int(now + 600)],
            ]
            for wrong in wrongs {
                provider.state.withLock { $0.wrong = wrong }
                let client = try WebClient(base: console.base)
                #expect(try await self.signIn(client).status == 403, "\(wrong)")
                #expect(try await client.get("/jobs").status == 303)
            }
            provider.state.withLock { state in
                state.wrong = [:]
                state.signsNothing = true
            }
            #expect(try await self.status(ofSigningInAt: console.base) == 403, "alg: none")
            provider.state.withLock { state in
                state.signsNothing = false
                state.signsWithAnotherKey = true
            }
            #expect(try await self.status(ofSigningInAt: console.base) == 403, "another key under a known name")
            provider.state.withLock { $0.signsWithAnotherKey = false }
            #expect(try await self.status(ofSigningInAt: console.base) == 200)

            // Neither with another state, nor twice, nor in another browser.
            let client = try WebClient(base: console.base)
            let leave = try await client.get("/login/oidc")
            let back = try await WebClient(base: "").get(leave.location ?? "").location ?? ""
            let path = String(back.dropFirst(console.base.count))
            #expect(try await WebClient(base: console.base).get(path).status == 400)
            #expect(try await client.get(path.replacing("state=", with: "state=x")).status == 400)
            #expect(try await client.get(path).status == 200)
            #expect(try await client.get(path).status == 400)
        }
    }

    @Test func `unknown keys make the console fetch new ones, at most once a minute`() async throws {
        try await self.withProvider { (provider, console) async throws in
            provider.state.withLock { $0.claims = ["preferred_username": "grace", "groups": "admin"] }
            for _ in 0..<2 { #expect(try await self.status(ofSigningInAt: console.base) == 200) }
            #expect(provider.state.withLock { $0.keyRequests } == 1)
            provider.state.withLock { state in
                state.key = ES256PrivateKey()
                state.kid = "second"
            }
            #expect(try await self.status(ofSigningInAt: console.base) == 200)
            #expect(provider.state.withLock { $0.keyRequests } == 2)
            provider.state.withLock { state in
                state.key = ES256PrivateKey()
                state.kid = "third"
            }
            for _ in 0..<3 { #expect(try await self.status(ofSigningInAt: console.base) == 403) }
            #expect(provider.state.withLock { $0.keyRequests } == 2)
        }
    }

    @Test func `an unreachable provider stops neither the start nor other sign-ins`() async throws {
        try await self.withProvider { provider, console in
            provider.state.withLock { $0.isDown = true }
            let client = try WebClient(base: console.base)
            #expect(try await client.get("/login/oidc").status == 502)
            #expect(try await console.signedIn().get("/jobs").status == 200)
            provider.state.withLock { state in
                state.isDown = false
                state.claims = ["preferred_username": "grace", "groups": "viewer"]
            }
            #expect(try await self.signIn(client).status == 200)
        }
    }
}
