import CArgon2
import Conveyor
import Fixtures
import FoundationEssentials
import Identity
import Shop
import Testing

@Suite struct PasswordTests {
    private static let address = "tried-first@shop.example"

    @Test(arguments: [
        "password", "Password123", "12345678", "qwertyuiop", "        ", "aaaaaaaaaaaa", "éééééééé", "Tried-First", "tried-first@shop.example",
    ])
    func `a common password is refused wherever it is chosen`(_ password: String) async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        let registered = try await shop.api.send(
            "POST", "/auth/register", ["email": .string(Self.address), "password": .string(password)])
        #expect(registered.status == 422, "\(registered)")
        #expect(registered.fields == ["password"])
        // A password like this address is refused only here, where the address is the account's own.
        guard !Self.address.hasPrefix(password.lowercased()) else { return }
        let changed = try await shop.api.send(
            "POST", "/users/me/password", ["current_password": .string(TestShop.password), "new_password": .string(password)], by: customer.token)
        #expect(changed.fields == ["new_password"])
        let token = ResetToken.make(.v7(milliseconds: 1), key: TestShop.secretKey)
        let reset = try await shop.api.send("POST", "/auth/password-reset/confirm", ["token": .string(token), "new_password": .string(password)])
        #expect(reset.fields == ["new_password"])
    }

    @Test func `an account's own address is refused as its password`() async throws {
        let shop = try await TestShop.shared()
        let customer = try await shop.customer()
        for password in [customer.email, customer.email.uppercased(), String(customer.email.prefix { $0 != "@" })] {
            let changed = try await shop.api.send(
                "POST", "/users/me/password", ["current_password": .string(TestShop.password), "new_password": .string(password)], by: customer.token)
            #expect(changed.fields == ["new_password"], "\(password): \(changed)")
        }
    }

    @Test func `every password of the list is found, and none between two of them`() {
        for common in ["password", "123456789", "zzzzzzzz", "!qaz1qaz", "11111111"] {
            #expect(Password(common).weakness(email: nil) != nil, "\(common)")
        }
        for rare in ["passwore", "correct horse battery staple", "long enough", "~~~~~~~!", "\u{0}\u{1}", "12345678\n123456789", "zzzzzzzzz1z"] {
            #expect(Password(rare).weakness(email: "ada@example.com") == nil, "\(rare)")
        }
    }

    @Test func `address and password match in any Unicode composition, and so do older hashes`() async throws {
        let shop = try await TestShop.shared()
        let number = TestShop.number()
        let (composed, decomposed) = ("jos\u{e9}\(number)@shop.example", "jose\u{301}\(number)@shop.example")
        let (password, typed) = ("caf\u{e9} au lait, s'il vous plait", "cafe\u{301} au lait, s'il vous plait")
        let made = try await shop.api.send(
            "POST", "/auth/register", ["email": .string(decomposed), "password": .string(typed)], waiting: true)
        try #require(made.status == 201, "\(made)")
        let taken = try await shop.api.send(
            "POST", "/auth/register", ["email": .string(composed), "password": .string(password)], waiting: true)
        #expect(taken.code == "email_taken")
        func isLet(_ email: String, _ password: String) async throws -> Bool {
            try await shop.api.send("POST", "/auth/login", ["email": .string(email), "password": .string(password)]).status == 200
        }
        for email in [composed, decomposed] { for each in [password, typed] { #expect(try await isLet(email, each)) } }
        // An older hash: of the bytes as typed.
        let user = try #require(made["resource", "id"].text)
        for bytes in [password, typed] {
            try await shop.database.psql("update users set password_hash = '\(Self.hash(bytes))' where id = '\(user)'")
            for each in [password, typed] { #expect(try await isLet(composed, each)) }
        }
        #expect(try await !isLet(composed, "cafe au lait, s'il vous plait"))
    }

    /// By libargon2.
    private static func hash(_ password: String) -> String {
        let bytes = Array(password.utf8)
        var encoded = [CChar](repeating: 0, count: 200)
        _ = argon2id_hash_encoded(2, 19 * 1024, 1, bytes, bytes.count, Array("0123456789abcdef".utf8), 16, 32, &encoded, encoded.count)
        return String(decoding: encoded.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    @Test func `erasing an account needs a recent sign-in or the password`() async throws {
        let shop = try await TestShop.shared()
        let tokens = Tokens(secret: TestShop.secretKey, previous: [], environment: "test")
        func stale(_ customer: TestShop.Customer) async throws -> String {
            try tokens.sign(
                .init(
                    userID: try #require(ID(customer.id)), epoch: 0, use: .access, expiresAt: Date().addingTimeInterval(3600),
                    session: .init(id: nil, signedInAt: Date().addingTimeInterval(-3600))))
        }
        let customer = try await shop.customer()
        let token = try await stale(customer)
        #expect(try await shop.api.send("DELETE", "/users/me", by: token).code == "wrong_password")
        #expect(try await shop.api.send("DELETE", "/users/me", ["password": "not the password"], by: token).code == "wrong_password")
        #expect(try await shop.api.send("DELETE", "/users/me", ["password": .string(TestShop.password)], by: token, waiting: true).status == 200)
        let other = try await shop.customer()
        #expect(try await shop.api.send("DELETE", "/users/me", by: other.token, waiting: true).status == 200)
    }
}
