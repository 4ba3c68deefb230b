import Conveyor
import ConveyorTesting
import Fixtures
import Postgres
import Shop
import Testing

@testable import Accounts

@Suite struct PasswordResetTests {
    private func user(_ email: String, _ bench: Bench) async throws -> ID {
        let message = Sent(RegisterAccount(email: email, passwordHash: "$old", fullName: "Ada"))
        try await bench.handle(message)
        return message.id
    }

    private func request(_ email: String, _ bench: Bench) async throws -> ID {
        let message = Sent(RequestPasswordReset(email: email))
        try await bench.handle(message)
        return message.id
    }

    @Test func `a reset link is mailed to the address' owner, and no message contains its token`() async throws {
        try await withBench { bench in
            _ = try await self.user("Ada@example.com", bench)
            let message = Sent(RequestPasswordReset(email: "ada@EXAMPLE.com"))
            let mail = try #require(try await bench.handle(message).first(SendEmail.self))
            #expect(mail.template == "password_reset")
            #expect(mail.subject == message.id.description)
            #expect(mail.to == "Ada@example.com")
            // The address is not verified, so the name may be another person's.
            #expect(mail.data == ["reset_id": message.id.description, "name": ""])
            try await bench.owner.query("update users set email_verified = true")
            #expect(try await bench.handle(RequestPasswordReset(email: "ada@example.com")).first(SendEmail.self)?.data["name"] == "Ada")
        }
    }

    @Test func `for an unknown, inactive or erased address nothing is sent, and the answer is the same`() async throws {
        try await withBench { bench in
            let inactive = try await self.user("inactive@example.com", bench)
            try await bench.handle(SetAccountFlags(userID: inactive, isActive: false))
            let erased = try await self.user("erased@example.com", bench)
            try await bench.handle(EraseAccount(userID: erased))
            let known = try await self.user("known@example.com", bench)
            let replies = try await bench.take(
                ["unknown@example.com", "inactive@example.com", "erased@example.com", "erased-\(erased)@invalid", "known@example.com"].map {
                    Sent(RequestPasswordReset(email: $0))
                }
            ).map { try $0.reply }
            #expect(replies.map(\.emitted) == [[], [], [], [], ["email.send"]])
            #expect(replies.allSatisfy { $0.problem == nil })
            #expect(try await bench.count("select count(*) from password_resets where user_id = $1", known) == 1)
        }
    }

    @Test func `an account gets three links an hour, in any spelling of its address, and all requests get the same answer`() async throws {
        try await withBench { bench in
            let user = try await self.user("ada@example.com", bench)
            let other = try await self.user("bob@example.com", bench)
            let asked = ["ada@example.com", "ADA@example.com", "bob@example.com", "Ada@Example.com", "ada@example.com", "ada@example.com"]
            let replies = try await bench.take(asked.map { Sent(RequestPasswordReset(email: $0)) }).map { try $0.reply }
            #expect(replies.map { $0.emitted.count } == [1, 1, 1, 1, 0, 0])
            #expect(try await bench.handle(RequestPasswordReset(email: "ada@example.com")).emitted.isEmpty)
            #expect(replies.allSatisfy { $0.problem == nil })
            #expect(try await bench.count("select count(*) from password_resets where user_id = $1", user) == 3)
            #expect(try await bench.count("select count(*) from password_resets where user_id = $1", other) == 1)
            // After an hour three more are allowed.
            try await bench.database.psql("update password_resets set expires_at = expires_at - interval '1 hour'")
            #expect(try await bench.handle(RequestPasswordReset(email: "ada@example.com")).emitted == ["email.send"])
        }
    }

    @Test func `a reset works once, even if it is used repeatedly and concurrently`() async throws {
        try await withBench(connections: 8) { bench in
            let user = try await self.user("ada@example.com", bench)
            let reset = try await self.request("ada@example.com", bench)
            let codes = try await withThrowingTaskGroup(of: Problem.Code?.self) { group in
                for index in 0..<12 {
                    group.addTask { try await bench.handle(ResetPassword(resetID: reset, passwordHash: "$new\(index)")).problem?.code }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes.filter { $0 == nil }.count == 1)
            #expect(codes.filter { $0 == .badResetToken }.count == 11)
            #expect(
                try await bench.database.psql("select password_hash like '$new%', token_epoch, email_verified from users where id = '\(user)'")
                    == [["t", "1", "t"]])
        }
    }

    @Test func `a new password voids all older links`() async throws {
        try await withBench { bench in
            let user = try await self.user("ada@example.com", bench)
            let (first, second) = (try await self.request("ada@example.com", bench), try await self.request("ada@example.com", bench))
            #expect(try await bench.handle(ResetPassword(resetID: second, passwordHash: "$new")).problem == nil)
            #expect(try await bench.handle(ResetPassword(resetID: first, passwordHash: "$evil")).problem?.code == .badResetToken)
            let third = try await self.request("ada@example.com", bench)
            #expect(try await bench.handle(ChangePassword(userID: user, passwordHash: "$newer")).problem == nil)
            #expect(try await bench.handle(ResetPassword(resetID: third, passwordHash: "$evil")).problem?.code == .badResetToken)
            #expect(try await bench.database.value("select password_hash from users") == "$newer")
        }
    }

    @Test func `an expired link, an unknown one and one of an inactive account are refused`() async throws {
        try await withBench { bench in
            let user = try await self.user("ada@example.com", bench)
            let old = try await self.request("ada@example.com", bench)
            try await bench.owner.query("update password_resets set expires_at = now() - interval '1 second'")
            let open = try await self.request("ada@example.com", bench)
            try await bench.handle(SetAccountFlags(userID: user, isActive: false))
            for reset in [old, open, .new()] {
                #expect(try await bench.handle(ResetPassword(resetID: reset, passwordHash: "$new")).problem?.code == .badResetToken)
            }
            #expect(try await bench.database.value("select password_hash from users") == "$old")
        }
    }
}
