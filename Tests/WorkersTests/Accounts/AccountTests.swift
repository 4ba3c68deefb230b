import Conveyor
import ConveyorTesting
import Fixtures
import Postgres
import Shop
import Testing

@testable import Accounts

@Suite struct AccountTests {
    private func register(_ email: String) -> Sent { Sent(RegisterAccount(email: email, passwordHash: "$argon2id$1", fullName: "Ada")) }

    /// A row of `users` as text.
    private func user(_ id: ID, _ columns: String, _ bench: Bench) async throws -> [String?] {
        try #require(try await bench.database.psql("select \(columns) from users where id = '\(id)'").first)
    }

    @Test func `an address is registered once, whatever its case`() async throws {
        try await withBench { bench in
            let batch = [self.register("Ada@Example.com"), self.register("ada@example.com"), self.register("bob@example.com")]
            let replies = try await bench.take(batch).map { try $0.reply }
            #expect(replies.map { $0.problem?.code } == [nil, .emailTaken, nil])
            #expect(replies[0].emitted == ["account.registered"])
            #expect(
                try await self.user(batch[0].id, "email, full_name, is_active, is_superuser, token_epoch", bench) == [
                    "Ada@Example.com", "Ada", "t", "f", "0",
                ])
            #expect(try await bench.handle(self.register("ADA@EXAMPLE.COM")).problem?.code == .emailTaken)
            #expect(try await bench.count("select count(*) from users") == 2)
        }
    }

    @Test func `an account with invalid fields is refused, and harms no other`() async throws {
        try await withBench { bench in
            let bad = Sent(RegisterAccount(email: "ada@b\u{200b}", passwordHash: "$argon2id$1", fullName: "see http://evil.example"))
            let outcomes = try await bench.take([bad, self.register("bob@example.com")])
            #expect(try outcomes[0].reply.problem?.errors?.map(\.field) == ["email", "full_name"])
            #expect(try outcomes[1].reply.problem == nil)
            #expect(try await bench.count("select count(*) from users") == 1)
        }
    }

    @Test func `24 simultaneous registrations of an address make one account`() async throws {
        try await withBench(connections: 12) { bench in
            let codes = try await withThrowingTaskGroup(of: Problem.Code?.self) { group in
                for index in 0..<24 {
                    group.addTask {
                        try await bench.handle(self.register(index.isMultiple(of: 2) ? "ada@example.com" : "ADA@example.com")).problem?.code
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes.filter { $0 == nil }.count == 1)
            #expect(codes.filter { $0 == .emailTaken }.count == 23)
        }
    }

    @Test func `a name is changed and removed, and an outdated command is rejected`() async throws {
        try await withBench { bench in
            let user = try await bench.user()
            #expect(try await bench.handle(Sent(UpdateProfile(userID: user, fullName: "Ada"), sentAt: 10)).emitted == ["account.updated"])
            #expect(try await bench.handle(Sent(UpdateProfile(userID: user, fullName: "Older"), sentAt: 5)).problem == .superseded)
            #expect(try await self.user(user, "full_name", bench) == ["Ada"])
            _ = try await bench.take([30, 20].map { Sent(UpdateProfile(userID: user, fullName: "At \($0)"), sentAt: $0) })
            #expect(try await self.user(user, "full_name", bench) == ["At 30"])
            try await bench.handle(Sent(UpdateProfile(userID: user), sentAt: 40))
            #expect(try await self.user(user, "full_name", bench) == ["At 30"])
            try await bench.handle(Sent(UpdateProfile(userID: user, clearsFullName: true), sentAt: 40))
            #expect(try await self.user(user, "full_name", bench) == [nil])
            #expect(try await bench.handle(UpdateProfile(userID: .new(), fullName: "x")).problem?.code == .notFound)
        }
    }

    @Test func `flags are set one by one, and an outdated command is rejected`() async throws {
        try await withBench { bench in
            let user = try await bench.user()
            try await bench.handle(Sent(SetAccountFlags(userID: user, isActive: false), sentAt: 20))
            let older = SetAccountFlags(userID: user, isActive: true, isSuperuser: true)
            #expect(try await bench.handle(Sent(older, sentAt: 10)).problem == .superseded)
            #expect(try await self.user(user, "is_active, is_superuser", bench) == ["f", "f"])
            try await bench.handle(Sent(SetAccountFlags(userID: user, isSuperuser: true), sentAt: 10))
            #expect(try await self.user(user, "is_active, is_superuser", bench) == ["f", "t"])
            try await bench.handle(Sent(SetAccountFlags(userID: user, isActive: true), sentAt: 30))
            #expect(try await self.user(user, "is_active, is_superuser", bench) == ["t", "t"])
            _ = try await bench.take([50, 40].map { Sent(SetAccountFlags(userID: user, isSuperuser: $0 == 40), sentAt: $0) })
            #expect(try await self.user(user, "is_superuser", bench) == ["f"])
            #expect(try await bench.handle(SetAccountFlags(userID: .new(), isActive: true)).problem?.code == .notFound)
        }
    }

    @Test func `a new password ends all sessions, unless the password changed after the verification`() async throws {
        try await withBench { bench in
            let user = try await bench.user()
            let changed = try await bench.handle(ChangePassword(userID: user, passwordHash: "$new", expectedEpoch: 0))
            #expect(changed.emitted == ["account.updated", "email.send"])
            let mail = try #require(changed.first(SendEmail.self))
            #expect(mail.template == "password_changed" && mail.to == "\(user)@example.com" && mail.userID == user)
            #expect(try await self.user(user, "password_hash, token_epoch", bench) == ["$new", "1"])
            #expect(try await bench.handle(ChangePassword(userID: user, passwordHash: "$late", expectedEpoch: 0)).problem?.code == .wrongPassword)
            #expect(try await self.user(user, "password_hash, token_epoch", bench) == ["$new", "1"])
            try await bench.handle(ChangePassword(userID: user, passwordHash: "$again"))
            #expect(try await self.user(user, "password_hash, token_epoch", bench) == ["$again", "2"])
        }
    }

    @Test func `sessions end when the epoch is raised`() async throws {
        try await withBench { bench in
            let (user, other) = (try await bench.user(), try await bench.user())
            let replies = try await bench.take([Sent(RevokeTokens(userID: user)), Sent(RevokeTokens(userID: .new()))]).map { try $0.reply }
            #expect(replies.map { $0.problem?.code } == [nil, .notFound])
            #expect(try await self.user(user, "token_epoch", bench) == ["1"])
            #expect(try await self.user(other, "token_epoch", bench) == ["0"])
        }
    }

    @Test func `a session's newest token is recorded in any order of renewals, and an ended session stays ended`() async throws {
        try await withBench { bench in
            let (user, session, other) = (try await bench.user(), ID.new(), ID.new())
            let end = Clock.seconds() + 86_400
            func renewal(_ counter: Int, of session: ID) -> Sent {
                Sent(RenewSession(userID: user, sessionID: session, counter: counter, expiresAt: end))
            }
            _ = try await bench.take([renewal(1, of: session), renewal(3, of: session), renewal(1, of: other), renewal(2, of: session)])
            _ = try await bench.take([renewal(2, of: session), renewal(.min, of: other)])
            func counters() async throws -> [[String?]] {
                try await bench.database.psql("select counter, ended_at is not null from sessions where user_id = '\(user)' order by counter")
            }
            #expect(try await counters() == [["1", "f"], ["3", "f"]])
            #expect(try await bench.handle(EndSession(userID: user, sessionID: session)).emitted == ["account.updated"])
            // Another user's session is not ended.
            try await bench.handle(EndSession(userID: try await bench.user(), sessionID: other))
            try await bench.handle(renewal(4, of: session))
            #expect(try await counters() == [["1", "f"], ["4", "t"]])
            try await bench.handle(Sent(RenewSession(userID: user, sessionID: .new(), counter: .max, expiresAt: .max)))
            try await bench.owner.query("update sessions set expires_at = now() - interval '1 second' where id = $1", session)
            try await bench.handle(renewal(2, of: other))
            #expect(try await counters() == [["2", "f"], ["\(Int32.max)", "f"]], "rows without valid tokens are deleted")
            try await bench.handle(EraseAccount(userID: user))
            #expect(try await counters() == [])
        }
    }

    @Test func `an address is verified if the account still has it`() async throws {
        try await withBench { bench in
            let user = self.register("ada@example.com")
            try await bench.handle(user)
            #expect(try await bench.handle(VerifyEmail(userID: user.id, email: "other@example.com")).problem?.code == .notFound)
            #expect(try await bench.handle(VerifyEmail(userID: user.id, email: "ADA@example.com")).problem == nil)
            #expect(try await self.user(user.id, "email_verified", bench) == ["t"])
        }
    }

    @Test func `an erased account cannot be identified any more, and its address is free`() async throws {
        try await withBench { bench in
            let user = self.register("ada@example.com")
            try await bench.handle(user)
            let order = try await bench.placed(by: user.id)
            try await bench.handle(RequestPasswordReset(email: "ada@example.com"))
            let reply = try await bench.handle(EraseAccount(userID: user.id))
            #expect(reply.emitted == ["account.erased", "account.updated"])
            #expect(
                try await self.user(user.id, "email like 'erased-%', full_name, password_hash, is_active, token_epoch, erased_at is not null", bench)
                    == ["t", nil, "!", "f", "1", "t"])
            #expect(try await bench.count("select count(*) from password_resets") == 0)
            #expect(try await bench.state(of: order).status == .pending, "the books stay")
            // A second erasure changes nothing, and no later command restores the account.
            #expect(try await bench.handle(EraseAccount(userID: user.id)).problem == nil)
            #expect(try await self.user(user.id, "token_epoch", bench) == ["1"])
            for command in [
                UpdateProfile(userID: user.id, fullName: "Ada"), SetAccountFlags(userID: user.id, isActive: true),
            ] as [any Message] {
                #expect(try await bench.handle(command).problem?.code == .notFound)
            }
            #expect(try await bench.handle(ChangePassword(userID: user.id, passwordHash: "$new")).problem != nil)
            #expect(try await bench.handle(VerifyEmail(userID: user.id, email: "ada@example.com")).problem?.code == .notFound)
            #expect(try await bench.handle(self.register("ada@example.com")).problem == nil)
        }
    }

    @Test func `an unknown account cannot be erased`() async throws {
        try await withBench { bench in
            let reply = try await bench.handle(EraseAccount(userID: .new()))
            #expect(reply.problem?.code == .notFound)
        }
    }
}
