import Conveyor
import Fixtures
import FoundationEssentials
import Testing
import Transfer

@testable import ConveyorOperator
@testable import Operator

/// Sessions and their duration.
@Suite struct SessionTests {
    private static let password = RolesTests.password

    @Test func `the console starts without a token, and then accepts none`() async throws {
        try await withConsole(["CONSOLE_TOKEN": ""]) { console in
            let client = try WebClient(base: console.base)
            let form = try await client.get("/login")
            #expect(form.text.contains(#"name="password""#) && !form.text.contains(#"id="token""#))
            for token in ["", ConsoleFixture.token] { #expect(try await client.post("/login", [("token", token)]).status == 401) }
            try await console.addPerson("ada", role: .admin)
            #expect(try await console.signedIn(as: "ada", password: Self.password).get("/").text.contains("<b>ada</b>"))
        }
    }

    @Test func `a link signs in once, when its form is sent, and lets its person choose a password`() async throws {
        try await withConsole { console in
            let site = CommandLineSite(database: console.database, host: console.host)
            let made = try await site.conveyor("people", "add", "mia", "--role", "operator", settings: ["CONSOLE_PORT": "\(console.port)"])
            let path = String(made.output.dropFirst(console.base.count).dropLast())
            let client = try WebClient(base: console.base)
            // A program that opens the link first does not use it up.
            for _ in 0..<2 { #expect(try await client.get(path).text.contains("<b>mia</b>")) }
            let form = try await client.get(path)
            func fields(_ password: String) -> [(String, String)] {
                [("csrf_token", form.hidden("csrf_token") ?? ""), ("token", form.hidden("token") ?? ""), ("password", password)]
            }
            #expect(try await client.post("/login/link", fields("short")).status == 422)
            #expect(try await client.post("/login/link", fields(Self.password)).status == 303)
            #expect(try await client.get("/jobs").status == 200)
            let second = try WebClient(base: console.base)
            #expect(try await second.get(path).status == 410)
            #expect(try await second.post("/login/link", [("token", form.hidden("token") ?? "")]).status == 410)
            #expect(try await console.signedIn(as: "MIA", password: Self.password).get("/jobs").status == 200)
            #expect(try await console.audit(of: "mia").map { $0[1] } == ["people_add", "people_set"])

            let late = try await site.conveyor("people", "set", "mia", "--link", settings: ["CONSOLE_PORT": "\(console.port)"])
            try await console.database.psql("update sign_in_links set expires_at = now() - interval '1 second'")
            #expect(try await second.get(String(late.output.dropFirst(console.base.count).dropLast())).status == 410)
        }
    }

    @Test func `another role, another password and removal apply at once to an open session`() async throws {
        try await withConsole { console in
            let site = CommandLineSite(database: console.database, host: console.host)
            try await console.addPerson("mia", role: .operator)
            let client = try await console.signedIn(as: "mia", password: Self.password)
            #expect(try await client.submit("/queues/email/pause").status == 303)
            #expect(try await site.conveyor("people", "set", "mia", "--role", "viewer").status == 0)
            #expect(try await client.submit("/queues/email/resume").status == 403)
            #expect(try await site.conveyor("people", "set", "mia", "--role", "admin").status == 0)
            #expect(try await client.get("/people").status == 200)
            #expect(try await site.conveyor("people", "set", "mia", "--password", input: "another horse\n").status == 0)
            #expect(try await client.get("/people").status == 303)
            let again = try await console.signedIn(as: "mia", password: "another horse")
            #expect(try await site.conveyor("people", "remove", "mia").status == 0)
            #expect(try await again.get("/jobs").status == 303)
            #expect(try await again.post("/login", [("name", "mia"), ("password", "another horse")]).status == 401)
        }
    }

    @Test func `people change their own password, which needs the current one and ends their other sessions`() async throws {
        try await withConsole { console in
            try await console.addPerson("mia", role: .viewer)
            let client = try await console.signedIn(as: "mia", password: Self.password)
            let elsewhere = try await console.signedIn(as: "mia", password: Self.password)
            func change(_ current: String, _ new: String, again: String? = nil) async throws -> WebClient.Page {
                try await client.submit("/account/password", [("current_password", current), ("password", new), ("password_again", again ?? new)])
            }
            #expect(try await client.get("/account").text.contains("Change your password"))
            let wrong = try await change("a wild guess", "another horse")
            #expect(wrong.status == 422 && wrong.text.contains("The current password is wrong."))
            #expect(try await change(Self.password, "short").status == 422)
            #expect(try await change(Self.password, "another horse", again: "another house").status == 422)
            #expect(try await elsewhere.get("/jobs").status == 200, "nothing has changed yet")
            let changed = try await change(Self.password, "another horse")
            #expect(changed.status == 303 && changed.location == "/account?notice=password_changed")
            #expect(try await client.get("/account?notice=password_changed").text.contains("Your password is changed."))
            #expect(try await elsewhere.get("/jobs").status == 303)
            #expect(try await elsewhere.post("/login", [("name", "mia"), ("password", Self.password)]).status == 401)
            #expect(try await console.signedIn(as: "mia", password: "another horse").get("/jobs").status == 200)
            #expect(try await console.audit(of: "mia") == [["operator:owner", "people_add", "viewer"], ["operator:mia", "people_set", "password"]])
        }
    }

    @Test func `an open session allows no guessing of its password, and a person without one chooses one`() async throws {
        try await withConsole { console in
            try await console.addPerson("mia", role: .viewer)
            let client = try await console.signedIn(as: "mia", password: Self.password)
            var statuses: [Int] = []
            for _ in 0..<7 {
                let fields = [("current_password", "a wild guess"), ("password", "another horse")]
                statuses.append(try await client.submit("/account/password", fields).status)
            }
            #expect(statuses.prefix(5).allSatisfy { $0 == 422 } && statuses.suffix(2).allSatisfy { $0 == 429 }, "\(statuses)")
            #expect(try await console.signedIn(as: "mia", password: Self.password).get("/jobs").status == 200)

            let site = CommandLineSite(database: console.database, host: console.host)
            let made = try await site.conveyor("people", "add", "eve", "--role", "viewer", settings: ["CONSOLE_PORT": "\(console.port)"])
            let secret = String(made.output.dropLast().split(separator: "=").last ?? "")
            let eve = try WebClient(base: console.base)
            #expect(try await eve.post("/login/link", [("token", secret)]).status == 303)
            #expect(try await eve.get("/account").text.contains("Choose a password"))
            #expect(try await eve.submit("/account/password", [("password", "another horse")]).status == 303)
            #expect(try await console.signedIn(as: "eve", password: "another horse").get("/jobs").status == 200)

            let token = try await console.signedIn()
            #expect(try await token.get("/account").text.contains("no password to change here"))
            #expect(try await token.submit("/account/password", [("password", "another horse")]).status == 409)
        }
    }

    @Test func `a session ends without use, which requests of a page's script are not, and after its time in any case`() async throws {
        try await withConsole(["CONSOLE_IDLE_MINUTES": "0.04"]) { console in
            let idle = try await console.signedIn()
            let used = try await console.signedIn(name: "eve")
            try await eventually("the session that only its page asks for to end", every: .milliseconds(500)) {
                #expect(try await used.get("/jobs").status == 200)
                return try await idle.get("/jobs", headers: ["X-Conveyor-Refresh": "1"]).status == 303
            }
        }
        try await withConsole(["CONSOLE_SESSION_HOURS": "0.0008"]) { console in
            let client = try await console.signedIn()
            try await eventually("the session to end") { try await client.get("/jobs").status == 303 }
        }
    }

    @Test func `another client's guesses do not lock out the right password`() async throws {
        try await withConsole { console in
            try await console.addPerson("ada", role: .operator)
            let guesser = try WebClient(base: console.base)
            var statuses: [Int] = []
            for _ in 0..<8 { statuses.append(try await guesser.post("/login", [("name", "ada"), ("password", "a wild guess")]).status) }
            #expect(statuses.prefix(5).allSatisfy { $0 == 401 } && statuses.suffix(3).allSatisfy { $0 == 429 }, "\(statuses)")
            #expect(try await console.signedIn(as: "ada", password: Self.password).get("/jobs").status == 200)
        }
    }

    @Test func `a signed-out client cannot send a large body`() async throws {
        try await withConsole { console in
            let client = try WebClient(base: console.base)
            #expect(try await client.post("/login", [("token", String(repeating: "x", count: 10_000))]).status == 413)
            #expect(try await client.post("/login/link", [("token", String(repeating: "x", count: 10_000))]).status == 413)
        }
    }

    @Test func `a person's name stays reserved when someone signs in with the token`() async throws {
        try await withConsole { console in
            try await console.addPerson("ada", role: .viewer)
            let client = try await console.signedIn(name: "ada")
            #expect(try await client.submit("/queues/email/pause").status == 303)
            #expect(try await console.audit(of: "email").map { $0[0] } == ["operator:ada@token"])
        }
    }
}
