import Conveyor
import Fixtures
import Shop
import Testing

@Suite struct AccountTests {
    private func login(_ email: String, _ password: String) async throws -> Answer {
        try await TestShop.shared().api.send("POST", "/auth/login", ["email": .string(email), "password": .string(password)])
    }

    @Test func `an address can be registered once, whatever its case`() async throws {
        let shop = try await TestShop.shared()
        let email = "taken\(TestShop.number())@shop.example"
        _ = try await shop.api.register(email)
        let second = try await shop.other.send(
            "POST", "/auth/register", ["email": .string(email.uppercased()), "password": .string(TestShop.password)], waiting: true)
        #expect(second.status == 409)
        #expect(second.code == "email_taken")
        #expect(try await self.login(email.uppercased(), TestShop.password).status == 200)
    }

    @Test func `a sign-in with JSON or with OAuth 2's form returns a pair of tokens`() async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        let json = try await self.login(customer.email, TestShop.password)
        #expect(json.json.keys == ["access_token", "refresh_token", "token_type", "expires_in"])
        #expect(json["token_type"] == "bearer")
        #expect(json["expires_in"] == 1800)
        #expect(json.headers["Cache-Control"] == "no-store")
        let raw = RawClient(port: shop.api.port)
        let form = "username=\(customer.email.replacing("@", with: "%40"))&password=correct+horse+battery%20staple&grant_type=password"
        raw.write(
            "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                + "Content-Length: \(form.utf8.count)\r\n\r\n\(form)")
        try await eventually("the answer") { raw.isClosed }
        #expect(raw.statuses == [200])
        #expect(raw.received.contains("access_token"))
    }

    @Test func `a wrong password and an unknown address get the same answer`() async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        let wrong = try await self.login(customer.email, "not the password")
        let unknown = try await self.login("nobody\(TestShop.number())@shop.example", TestShop.password)
        for answer in [wrong, unknown] {
            #expect(answer.status == 401)
            #expect(answer.code == "bad_credentials")
            #expect(answer.headers["WWW-Authenticate"]?.hasPrefix("Bearer") == true)
        }
        #expect(wrong["detail"] == unknown["detail"])
    }

    @Test func `a refresh token is exchanged for a new pair, until all sessions are ended`() async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        let refresh = try await self.login(customer.email, TestShop.password)["refresh_token"]
        let pair = try await shop.other.send("POST", "/auth/refresh", ["refresh_token": refresh])
        #expect(pair.status == 200)
        #expect(try await shop.api.get("/users/me", by: pair["access_token"].text).status == 200)
        #expect(try await shop.api.get("/users/me", by: refresh.text).status == 401, "a refresh token opens nothing")
        #expect(try await shop.api.send("POST", "/auth/refresh", ["refresh_token": .string(customer.token)]).status == 401)
        #expect(try await shop.api.send("POST", "/auth/logout-all", by: customer.token, waiting: true).status == 200)
        #expect(try await shop.other.send("POST", "/auth/refresh", ["refresh_token": refresh]).status == 401)
    }

    @Test func `a new password needs the current one and ends all sessions`() async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        func change(from current: String) async throws -> Answer {
            try await shop.api.send(
                "POST", "/users/me/password", ["current_password": .string(current), "new_password": "another good one"], by: customer.token,
                waiting: true)
        }
        let wrong = try await change(from: "not the password")
        #expect(wrong.status == 403)
        #expect(wrong.code == "wrong_password")
        #expect(try await change(from: TestShop.password).status == 200)
        #expect(try await shop.other.get("/users/me", by: customer.token).status == 401)
        #expect(try await self.login(customer.email, TestShop.password).status == 401)
        #expect(try await self.login(customer.email, "another good one").status == 200)
    }

    @Test func `a reset link works once, and its request does not reveal whether an account exists`() async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        for email in [customer.email, "nobody\(TestShop.number())@shop.example"] {
            let asked = try await shop.api.send("POST", "/auth/password-reset", ["email": .string(email)])
            #expect(asked.status == 202)
            #expect(asked["resource"].isNull)
        }
        let id = try await eventualValue("the reset") {
            try await shop.database.value("select id from password_resets where user_id = '\(customer.id)'")
        }
        let token = ResetToken.make(try #require(ID(id)), key: TestShop.secretKey)
        func confirm(_ token: String) async throws -> Answer {
            try await shop.api.send(
                "POST", "/auth/password-reset/confirm", ["token": .string(token), "new_password": "another good one"], waiting: true)
        }
        let forged = try await confirm(String(token.reversed()))
        #expect(forged.status == 400)
        #expect(forged.code == "bad_reset_token")
        #expect(try await confirm(token).status == 200)
        #expect(try await shop.other.get("/users/me", by: customer.token).status == 401)
        #expect(try await self.login(customer.email, "another good one").status == 200)
        let again = try await confirm(token)
        #expect(again.status == 400)
        #expect(again.code == "bad_reset_token")
    }

    @Test(
        arguments: [
            ["email": "x", "password": "long enough"], ["email": "a@b@c", "password": "long enough"],
            ["email": "a b@c.example", "password": "long enough"],
            ["email": "<a@b.example>", "password": "long enough"], ["email": ".a@b.example", "password": "long enough"],
            ["email": "a@b..example", "password": "long enough"], ["email": nil, "password": "long enough"], ["password": "long enough"],
        ] as [JSON])
    func `a malformed address is refused`(body: JSON) async throws {
        let answer = try await TestShop.shared().api.send("POST", "/auth/register", body)
        #expect(answer.status == 422)
        #expect(answer.fields == ["email"])
    }

    @Test func `a password has at least 8 characters`() async throws {
        let answer = try await TestShop.shared().api.send("POST", "/auth/register", ["email": "a@b.example", "password": "1234567"])
        #expect(answer.status == 422)
        #expect(answer.fields == ["password"])
    }

    @Test(arguments: [
        "", "Bearer", "Bearer ", "Bearer x.y.z", "Basic YTpi", "Bearer \(String(repeating: "a", count: 5000))",
        // alg none, for a user that may exist.
        "Bearer eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiIwMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDAiLCJleHAiOjk5OTk5OTk5OTl9.",
    ])
    func `a token with a foreign signature is refused`(header: String) async throws {
        let answer = try await TestShop.shared().api.get("/users/me", headers: ["Authorization": header])
        #expect(answer.status == 401)
        #expect(answer.code == "unauthorized")
        #expect(answer.headers["WWW-Authenticate"]?.hasPrefix("Bearer") == true)
    }

    @Test func `an expired token is reported as expired`() async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        try await shop.withIngress(["ACCESS_TOKEN_EXPIRE_MINUTES": "0.01"]) { api, _ in
            let token = try await api.login(customer.email)
            try await eventually("the token's end") {
                let answer = try await shop.api.get("/users/me", by: token)
                return answer.status == 401 && answer.code == "token_expired"
            }
        }
    }

    @Test func `a token signed with the previous key is accepted`() async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        try await shop.withIngress(["SECRET_KEY": "the next key is one that is long enough as well", "SECRET_KEY_PREVIOUS": TestShop.secretKey]) {
            api, _ in
            #expect(try await api.get("/users/me", by: customer.token).status == 200)
            let new = try await api.login(customer.email)
            #expect(try await api.get("/users/me", by: new).status == 200)
            #expect(try await shop.api.get("/users/me", by: new).status == 401)
        }
    }
}
