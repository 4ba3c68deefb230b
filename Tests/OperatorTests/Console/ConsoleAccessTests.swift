import Fixtures
import Testing
import Transfer

@testable import ConveyorOperator
@testable import Operator

/// Access to the console, and its security headers.
@Suite struct ConsoleAccessTests {
    @Test func `a signed-out visitor is redirected to sign in, returns to the page, and can post nothing`() async throws {
        try await withConsole { console in
            let id = try await console.addDeadLetter()
            let client = try WebClient(base: console.base)
            #expect(try await client.get("/").location == "/login")
            #expect(try await client.get("/dead?queue=orders").location == "/login?next=%2Fdead%3Fqueue%3Dorders")
            #expect(try await client.get("/no/such/page").status == 303)
            #expect(try await client.post("/dead/\(id)/discard", [("reason", "because")]).status == 401)
            #expect(try await client.post("/queues/orders/pause", []).status == 401)
            #expect(try await console.status(of: id) == "open")

            let form = try await client.get("/login?next=%2Fdead%3Fqueue%3Dorders")
            #expect(form.hidden("next") == "/dead?queue=orders")
            let signedIn = try await client.post(
                "/login",
                [("csrf_token", form.hidden("csrf_token") ?? ""), ("token", ConsoleFixture.token), ("next", form.hidden("next") ?? "")])
            #expect(signedIn.status == 303)
            #expect(signedIn.location == "/dead?queue=orders")
            #expect(try await client.get("/dead?queue=orders").status == 200)
            // A signed-in person gets no form.
            #expect(try await client.get("/login").location == "/")
        }
    }

    @Test(arguments: ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/a\r\nSet-Cookie: a=b", ""])
    func `a sign-in never redirects to another host`(next: String) async throws {
        #expect(SignInPage.localPath(next) == "/")
    }

    @Test func `a wrong token is refused, repeated ones are slowed down, and the right one always works`() async throws {
        try await withConsole { console in
            let client = try WebClient(base: console.base)
            for _ in 0..<5 { #expect(try await client.post("/login", [("token", "wrong")]).status == 401) }
            let refused = try await client.post("/login", [("token", "wrong")])
            #expect(refused.status == 429)
            #expect(Int(refused.headers["Retry-After"] ?? "").map { (1...3).contains($0) } == true)
            #expect(client.cookie(SignInPage.cookie) == nil)
            #expect(try await client.post("/login", [("token", ConsoleFixture.token)]).status == 303)
        }
    }

    @Test func `the session's cookie is hidden from scripts and other sites, and signing out ends it everywhere`() async throws {
        try await withConsole { console in
            let client = try WebClient(base: console.base)
            let signedIn = try await client.signIn(token: ConsoleFixture.token)
            let cookie = try #require(signedIn.headers.values("Set-Cookie").first { $0.hasPrefix(SignInPage.cookie) })
            #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && cookie.contains("Path=/"))
            #expect(!cookie.contains("Secure"))

            let thief = try WebClient(base: console.base)
            thief.setCookie(SignInPage.cookie, client.cookie(SignInPage.cookie))
            #expect(try await thief.get("/jobs").status == 200)
            #expect(try await client.submit("/logout").location == "/login")
            #expect(try await thief.get("/jobs").status == 303)

            // Neither an invented nor a changed cookie.
            let value = try #require(try await console.signedIn().cookie(SignInPage.cookie))
            let changed = String(value.dropLast()) + (value.last == "A" ? "B" : "A")
            for forged in [changed, "x", "", String(value.dropFirst(8))] {
                thief.setCookie(SignInPage.cookie, forged)
                #expect(try await thief.get("/jobs").status == 303)
            }
        }
    }

    @Test func `a session outlives the console, and another token ends it`() async throws {
        try await withConsoleStopped { console in
            let client = try await console.run { _ in try await console.signedIn() }
            let after = try await console.run { _ in try await client.get("/jobs").status }
            #expect(after == 200)
            let withAnother = try await console.run(["CONSOLE_TOKEN": "another-token-of-the-console"]) { _ in try await client.get("/jobs").status }
            #expect(withAnother == 303)
        }
    }

    @Test func `a form from outside the session's pages is refused without an effect`() async throws {
        try await withConsole { console in
            let (ada, eve) = (try await console.signedIn(), try await console.signedIn(name: "eve"))
            let id = try await console.addDeadLetter()
            let token = try #require(try await ada.get("/dead/\(id)").hidden("csrf_token"))
            let eves = try #require(try await eve.get("/dead/\(id)").hidden("csrf_token"))
            for wrong in ["", "x", eves, String(token.dropLast())] {
                #expect(try await ada.post("/dead/\(id)/discard", [("csrf_token", wrong), ("reason", "because")]).status == 403)
            }
            #expect(try await ada.post("/dead/\(id)/discard", [("reason", "because")]).status == 403)
            #expect(try await ada.post("/logout", []).status == 403)
            let right = [("csrf_token", token), ("reason", "because")]
            #expect(try await ada.post("/dead/\(id)/discard", right, headers: ["Sec-Fetch-Site": "cross-site"]).status == 403)
            #expect(try await ada.post("/dead/\(id)/discard", right, headers: ["Content-Type": "text/plain"]).status == 415)
            let client = try WebClient(base: console.base)
            #expect(try await client.post("/login", [("token", ConsoleFixture.token), ("csrf_token", token)]).status == 403)
            #expect(try await console.status(of: id) == "open")
            #expect(try await ada.post("/dead/\(id)/discard", right).status == 303)
            #expect(try await console.status(of: id) == "discarded")
        }
    }

    @Test func `a browser runs only the console's own scripts, and caches nothing`() async throws {
        try await withConsole { console in
            let client = try await console.signedIn()
            for path in ["/", "/login", "/dead", "/nosuch"] {
                let page = try await client.get(path)
                let policy = page.headers["Content-Security-Policy"] ?? ""
                #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"))
                #expect(page.headers["X-Content-Type-Options"] == "nosniff")
                #expect(page.headers["X-Frame-Options"] == "DENY")
                #expect(page.headers["Referrer-Policy"] == "same-origin")
                #expect(page.headers["Cache-Control"] == "no-store")
                #expect(!page.text.contains(" style=") && !page.text.contains("<style") && !page.text.contains(" onclick"))
            }
            let page = try await client.get("/")
            for asset in page.text.matches(of: /(?:src|href)="(\/assets\/[^"]+)"/).map({ String($0.output.1) }) {
                let file = try await client.get(asset)
                #expect(file.status == 200)
                #expect(file.headers["Cache-Control"]?.contains("immutable") == true)
                #expect(try await client.get(asset, headers: ["If-None-Match": file.headers["ETag"] ?? ""]).status == 304)
            }
            #expect(page.text.matches(of: /https?:\/\/(?!www\.w3\.org)/).isEmpty)
        }
    }

    @Test func `behind TLS, its own or a proxy's, the cookie is sent over TLS only`() async throws {
        let authority = try await CertificateAuthority()
        let certificate = try await authority.issue(for: "IP:127.0.0.1")
        try await withConsole(["TLS_CERT": certificate.file, "TLS_KEY": certificate.key]) { console in
            let client = try WebClient(base: "https://127.0.0.1:\(console.port)", caFile: authority.file)
            let signedIn = try await client.signIn(token: ConsoleFixture.token)
            #expect(signedIn.headers.values("Set-Cookie").allSatisfy { $0.contains("Secure") })
            #expect(signedIn.headers["Strict-Transport-Security"] != nil)
            #expect(try await client.get("/jobs").status == 200)
        }
        try await withConsole { console in
            let client = try WebClient(base: console.base)
            let page = try await client.post("/login", [("token", ConsoleFixture.token)], headers: ["X-Forwarded-Proto": "https"])
            #expect(page.headers.values("Set-Cookie").allSatisfy { $0.contains("Secure") })
        }
    }
}
