import Conveyor
import Crypto
import Fixtures
import FoundationEssentials
import Identity
import Shop
import Testing

/// A session is a family of refresh tokens, each of which is exchanged once for the next.
@Suite struct SessionTests {
    private struct Pair {
        let access: String
        let refresh: String

        init(_ answer: Answer) throws {
            self.access = try #require(answer["access_token"].text, "\(answer)")
            self.refresh = try #require(answer["refresh_token"].text, "\(answer)")
        }
    }

    private func signIn(_ customer: TestShop.Customer) async throws -> Pair {
        let body: JSON = ["email": .string(customer.email), "password": .string(TestShop.password)]
        return try Pair(try await TestShop.shared().api.send("POST", "/auth/login", body))
    }

    private func trade(_ token: String, at api: API? = nil) async throws -> Answer {
        let shop = try await TestShop.shared()
        return try await (api ?? shop.api).send("POST", "/auth/refresh", ["refresh_token": .string(token)])
    }

    /// Waits until this number of exchanges is recorded for each session of a customer.
    private func awaitTrade(_ counter: Int, of customer: TestShop.Customer) async throws {
        let shop = try await TestShop.shared()
        try await eventually("the session") {
            try await shop.database.value("select min(counter) from sessions where user_id = '\(customer.id)'") == "\(counter)"
        }
    }

    @Test func `a reused refresh token ends its session and no other`() async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        let (first, other) = (try await self.signIn(customer), try await self.signIn(customer))
        let second = try Pair(try await self.trade(first.refresh))
        let third = try Pair(try await self.trade(second.refresh, at: shop.other))
        try await self.awaitTrade(2, of: customer)
        let again = try await self.trade(first.refresh)
        #expect(again.status == 401)
        #expect(again.code == "unauthorized")
        try await eventually("the session's end") { try await self.trade(third.refresh).status == 401 }
        for access in [first.access, second.access, third.access] {
            try await eventually("the end of its access tokens") { try await shop.other.get("/users/me", by: access).status == 401 }
        }
        #expect(try await shop.api.get("/users/me", by: other.access).status == 200)
        #expect(try await self.trade(other.refresh).status == 200)
    }

    @Test func `reusing the token before the newest ends its session as well, without a grace period`() async throws {
        let customer = try await TestShop.shared().customer()
        let first = try await self.signIn(customer)
        let second = try Pair(try await self.trade(first.refresh))
        try await self.awaitTrade(1, of: customer)
        #expect(try await self.trade(first.refresh).status == 401)
        try await eventually("the session's end") { try await self.trade(second.refresh).status == 401 }
    }

    @Test func `a sign-out ends this session, by its refresh token or its access token`() async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        for byRefreshToken in [true, false] {
            let (pair, other) = (try await self.signIn(customer), try await self.signIn(customer))
            let answer =
                byRefreshToken
                ? try await shop.api.send("POST", "/auth/logout", ["refresh_token": .string(pair.refresh)], waiting: true)
                : try await shop.api.send("POST", "/auth/logout", by: pair.access, waiting: true)
            #expect(answer.status == 200, "\(answer)")
            #expect(try await shop.other.get("/users/me", by: pair.access).status == 401)
            #expect(try await self.trade(pair.refresh, at: shop.other).status == 401)
            #expect(try await shop.other.get("/users/me", by: other.access).status == 200)
            #expect(try await self.trade(other.refresh).status == 200)
        }
        #expect(try await shop.api.send("POST", "/auth/logout").status == 401)
        #expect(try await shop.api.send("POST", "/auth/logout", ["refresh_token": "x.y.z"]).status == 401)
        // It belongs to no session.
        #expect(try await shop.api.send("POST", "/auth/logout", by: customer.token).fields == ["refresh_token"])
    }

    @Test func `a session ends 90 days after its sign-in`() async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        let user = try #require(ID(customer.id))
        let tokens = Tokens(secret: TestShop.secretKey, previous: [], environment: "test")
        func refreshToken(signedIn days: Double) async throws -> String {
            let signedInAt = Date().addingTimeInterval(-days * 86_400)
            return try tokens.sign(
                .init(
                    userID: user, epoch: 0, use: .refresh, expiresAt: Date().addingTimeInterval(86_400),
                    session: .init(id: .v7(milliseconds: 1), signedInAt: signedInAt)))
        }
        let young = try Pair(try await self.trade(try await refreshToken(signedIn: 89)))
        let claims = try tokens.verify(young.refresh, for: .refresh)
        #expect(claims.expiresAt < Date().addingTimeInterval(86_400 + 1), "not longer than the session")
        let old = try await self.trade(try await refreshToken(signedIn: 90.01))
        #expect(old.status == 401)
        #expect(old.code == "token_expired")
    }

    @Test func `a refresh token without a session is exchanged once`() async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        let now = Int(Date().timeIntervalSince1970)
        func part(_ text: String) -> String { Base64URL.encode(Array(text.utf8)) }
        let signed =
            part(#"{"alg":"HS256","typ":"JWT"}"#) + "."
            + part(#"{"sub":"\#(customer.id)","exp":\#(now + 3600),"iat":\#(now),"ep":0,"use":"refresh","su":true}"#)
        let mac = HMAC<SHA256>.authenticationCode(for: Array(signed.utf8), using: SymmetricKey(data: Array(TestShop.secretKey.utf8)))
        let token = signed + "." + Base64URL.encode(Array(mac))
        let pair = try Pair(try await self.trade(token))
        #expect(try await shop.api.get("/users", by: pair.access).status == 403)
        try await self.awaitTrade(1, of: customer)
        #expect(try await self.trade(token).status == 401)
        try await eventually("the session's end") { try await self.trade(pair.refresh).status == 401 }
    }
}
