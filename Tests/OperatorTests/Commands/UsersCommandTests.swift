import Conveyor
import Fixtures
import FoundationEssentials
import Identity
import Shop
import Testing

/// `conveyor users create-superuser | token`, `conveyor mail preview`
@Suite struct UsersCommandTests {
    @Test func `a superuser is created with a password from standard input, and again, which ends earlier tokens`() async throws {
        try await withCommandLine { site in
            let made = try await site.conveyor("users", "create-superuser", "Root@example.com", input: "correct horse\nnothing more\n")
            #expect(made.status == 0, "\(made.error)")
            let id = String(made.output.dropLast())
            let row = try await site.database.psql("select email, is_superuser, is_active, password_hash, token_epoch from users where id = '\(id)'")[
                0]
            #expect(row[0] == "Root@example.com" && row[1] == "t" && row[2] == "t" && row[4] == "0")
            #expect(try await PasswordHasher().verify("correct horse", against: row[3]))

            let token = try await site.conveyor("users", "token", "root@example.com")
            #expect(token.status == 0 && token.output.hasSuffix("\n") && !token.output.contains(" "))
            let claims = try Tokens(secret: CommandLineSite.secretKey, previous: [], environment: "development")
                .verify(String(token.output.dropLast()), for: .access)
            #expect(claims.userID.description == id && claims.epoch == 0)

            #expect(try await site.conveyor("users", "create-superuser", "root@example.com", input: "another horse\n").output == made.output)
            #expect(try await site.database.value("select token_epoch from users") == "1")
            #expect(try await site.audit(of: id).map { $0[1] } == ["create_superuser", "create_superuser"])

            #expect(try await site.conveyor("users", "create-superuser", "root@example.com", input: "short\n").status == 64)
            #expect(try await site.conveyor("users", "create-superuser", "root@example.com").status == 64, "no password at all")
            #expect(try await site.conveyor("users", "create-superuser", "no address", input: "correct horse\n").status == 64)
            let unknown = try await site.conveyor("users", "token", "nobody@example.com")
            #expect(unknown.status == 1 && unknown.complaint == "no account with that address" && unknown.output == "")
            let production = try await site.conveyor(
                "users", "token", "root@example.com",
                settings: [
                    "ENVIRONMENT": "production", "SECRET_KEY": (0..<4).map { _ in String(UInt64.random(in: 0...UInt64.max), radix: 16) }.joined(),
                ])
            #expect(production.status == 78 && production.output == "" && production.error.contains("ENVIRONMENT"))
        }
    }

    @Test func `mail preview shows every e-mail, or writes them for a browser`() async throws {
        func preview(_ arguments: String...) async throws -> ChildProcess {
            let process = try ChildProcess(
                Repository.executable("conveyor"), ["mail", "preview"] + arguments,
                environment: ["SHOP_URL": "https://shop.example", "EMAIL_FROM": "Tea & Co <shop@example.com>"], inherits: false)
            try await process.waitForExit(within: .seconds(60))
            return process
        }
        let all = try await preview()
        #expect(try await all.waitForExit() == .status(0))
        let subjects = all.standardOutput.matches(of: /^Subject: .+$/.anchorsMatchLineEndings()).count
        #expect(subjects >= 9 && all.standardOutput.contains("https://shop.example"))
        let one = try await preview("order_confirmation")
        #expect(one.standardOutput.matches(of: /^Subject: .+$/.anchorsMatchLineEndings()).count == 1 && one.standardOutput.contains("Tea & Co"))

        let folder = try Scratch.folder("preview").path
        let written = try await preview("--out", folder)
        #expect(try await written.waitForExit() == .status(0))
        let files = written.standardOutput.split(separator: "\n").map(String.init)
        #expect(files.count == 2 * subjects)
        let html = try #require(files.first { $0.hasSuffix("order_confirmation.html") })
        let text = try String(contentsOfFile: html, encoding: .utf8)
        #expect(text.contains("Tea &amp; Co") && !text.contains("Tea & Co"))

        let unknown = try await preview("no_such_mail")
        #expect(try await unknown.waitForExit() == .status(1))
        #expect(unknown.standardError == "conveyor: there is no template no_such_mail\n")
    }
}
