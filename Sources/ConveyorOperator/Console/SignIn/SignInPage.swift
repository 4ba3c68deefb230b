import Conveyor
import HTTPTypes
import Hummingbird
import Identity
import Logging

/// `/login`, `/login/link` and `/logout`.
struct SignInPage: Sendable {
    let sessions: Sessions
    let people: People
    let limit = GuessLimit()
    let hasher = PasswordHasher()
    let hasProvider: Bool
    let renderer: Renderer
    let logger: Logger

    /// The session's cookie.
    static let cookie = "conveyor_console"
    /// The cookie that binds the forms of `/login`, before there is a session.
    private static let formCookie = "conveyor_login"

    struct Content: Sendable {
        let next: String
        let name: String
        let formToken: String
        let problem: String?
        let hasToken: Bool
        /// The provider of external accounts; nil if there is none.
        let providerLink: String?
        let triedToken: Bool
    }

    struct Link: Sendable {
        let token: String
        /// The person of the link; nil if it is not valid.
        let name: String?
        let formToken: String
        let problem: String?
    }

    func add(to router: Router<ConsoleContext>) {
        router.get("/login", use: self.show)
        router.post("/login", use: self.signIn)
        router.get("/login/link", use: self.showLink)
        router.post("/login/link", use: self.useLink)
        router.post("/logout", use: self.signOut)
    }

    // MARK: Name and password, or the token

    @Sendable func show(_ request: Request, context: ConsoleContext) async throws -> Response {
        let next = Self.localPath(request.fields["next"])
        if context.session != nil { return .redirect(to: next) }
        return try self.page(request, context, next: next)
    }

    @Sendable func signIn(_ request: Request, context: ConsoleContext) async throws -> Response {
        // A client with the secret needs no CSRF token, so programs may omit it; a wrong one is refused as everywhere.
        try self.checkForm(request, context)
        return context.form["token"] == nil ? try await self.signInWithPassword(request, context) : try await self.signInWithToken(request, context)
    }

    private func signInWithPassword(_ request: Request, _ context: ConsoleContext) async throws -> Response {
        let (name, password) = (context.form.text("name") ?? "", context.form["password"] ?? "")
        let wait: Duration?
        let known: (name: String, hash: String?)?
        do {
            wait = try await self.limit.turn(of: context.client, name: name)
            known = try await self.people.passwordHash(of: name)
            // An unknown name takes as long as a wrong password.
            guard try await self.hasher.verify(password, against: known?.hash), let known else {
                self.limit.failed(context.client, name: name)
                self.logger.warning("a wrong password at the console's sign-in", metadata: ["client": .string(context.client)])
                return try self.wrong(request, context, wait: wait, problem: "Wrong name or password.")
            }
            guard let cookie = try await self.sessions.begin(.person(known.name, passwordHash: known.hash)) else {
                return try self.wrong(request, context, wait: nil, problem: "Wrong name or password.")
            }
            return self.signedIn(request, context, as: known.name, cookie)
        } catch let crowd as GuessLimit.Crowd {
            return try self.wrong(request, context, wait: crowd.wait, problem: "")
        } catch let failure as PasswordHasher.Failure {
            guard case .busy = failure else { throw failure }
            return try self.wrong(request, context, wait: .seconds(1), problem: "")
        }
    }

    private func signInWithToken(_ request: Request, _ context: ConsoleContext) async throws -> Response {
        let form = context.form
        guard self.sessions.isToken(form["token"] ?? "") else {
            let wait = self.limit.wrongToken(from: context.client)
            self.logger.warning("a wrong token at the console's sign-in", metadata: ["client": .string(context.client)])
            return try self.wrong(
                request, context, wait: wait,
                problem: self.sessions.hasToken ? "Wrong token." : "CONSOLE_TOKEN is not set, so no token is accepted.")
        }
        // The name of an account stays reserved for its person: otherwise the log would be wrong.
        let name = Self.cleanedName(form["name"] ?? "") ?? "console"
        let isTaken = try await self.people.find(name) != nil
        let chosen = isTaken ? String(name.prefix(33)) + "@token" : name
        guard let cookie = try await self.sessions.begin(.token(name: chosen)) else {
            throw PageError(.conflict, "\(chosen) is the name of a person. Choose another name.")
        }
        return self.signedIn(request, context, as: chosen, cookie)
    }

    /// A name reduced to allowed characters; nil if none is left.
    static func cleanedName(_ name: String) -> String? {
        let kept = String(String.UnicodeScalarView(name.unicodeScalars.filter { Person.isName(String($0)) }.prefix(40)))
        return kept.isEmpty ? nil : kept
    }

    /// - Parameter wait: nil after few wrong attempts.
    private func wrong(_ request: Request, _ context: ConsoleContext, wait: Duration?, problem: String) throws -> Response {
        let (next, name) = (Self.localPath(context.form["next"]), context.form["name"] ?? "")
        let triedToken = context.form["token"] != nil
        guard let wait else {
            return try self.page(
                request, context, status: .unauthorized, next: next, name: name, problem: problem, triedToken: triedToken)
        }
        let seconds = max(1, Int((wait / .seconds(1)).rounded(.up)))
        var response = try self.page(
            request, context, status: .tooManyRequests, next: next, name: name,
            problem: "Too many wrong attempts. Try again in \(seconds) second\(seconds == 1 ? "" : "s").", triedToken: triedToken)
        response.headers[.retryAfter] = String(seconds)
        return response
    }

    private func page(
        _ request: Request, _ context: ConsoleContext, status: HTTPResponse.Status = .ok, next: String, name: String = "", problem: String? = nil,
        triedToken: Bool = false
    ) throws -> Response {
        let (id, _) = self.formCookie(of: request)
        let content = Content(
            next: next, name: name.visible, formToken: FormToken.of(id), problem: problem, hasToken: self.sessions.hasToken,
            providerLink: self.hasProvider ? "/login/oidc" + Form.query([("next", next == "/" ? nil : next)]) : nil, triedToken: triedToken)
        var response = try self.renderer.respond("login", title: "Sign in", content, context: context, status: status)
        response.setCookie(self.cookie(Self.formCookie, id, maxAge: 3600, request))
        return response
    }

    // MARK: One-time links

    /// Shows the person of a link. Only the form uses it up, since mail and chat programs open links on their own.
    @Sendable func showLink(_ request: Request, context: ConsoleContext) async throws -> Response {
        try await self.linkPage(request, context, token: request.fields["token"] ?? "")
    }

    @Sendable func useLink(_ request: Request, context: ConsoleContext) async throws -> Response {
        try self.checkForm(request, context)
        let token = context.form["token"] ?? request.fields["token"] ?? ""
        let password = context.form["password"].flatMap { $0.isEmpty ? nil : $0 }
        if let password, let problem = Person.problem(ofPassword: password) {
            return try await self.linkPage(request, context, token: token, problem: problem.capitalizedFirst + ".")
        }
        guard let name = try await self.people.use(link: token, password: password),
            let cookie = try await self.sessions.begin(.person(name, passwordHash: nil))
        else { return try await self.linkPage(request, context, token: token) }
        return self.signedIn(request, context, as: name, cookie)
    }

    private func linkPage(_ request: Request, _ context: ConsoleContext, token: String, problem: String? = nil) async throws -> Response {
        let name = try await self.people.person(ofLink: token)
        let (id, _) = self.formCookie(of: request)
        let content = Link(token: token, name: name, formToken: FormToken.of(id), problem: problem)
        var response = try self.renderer.respond(
            "link", title: "Sign in", content, context: context, status: name == nil ? .gone : problem == nil ? .ok : .unprocessableContent)
        response.setCookie(self.cookie(Self.formCookie, id, maxAge: 3600, request))
        return response
    }

    // MARK: Cookies

    func signedIn(_ request: Request, _ context: ConsoleContext, as name: String, _ cookie: String, next: String? = nil) -> Response {
        self.logger.notice("signed in", metadata: ["actor": .string(Principal.label(name)), "client": .string(context.client)])
        var response = Response.redirect(to: next ?? Self.localPath(context.form["next"]))
        response.setCookie(self.cookie(Self.cookie, cookie, maxAge: self.sessions.cookieLife, request))
        response.setCookie(self.cookie(Self.formCookie, "", maxAge: 0, request))
        return response
    }

    @Sendable func signOut(_ request: Request, context: ConsoleContext) async throws -> Response {
        if let cookie = request.cookies[Self.cookie]?.value { try await self.sessions.end(cookie) }
        var response = Response.redirect(to: "/login")
        response.setCookie(self.cookie(Self.cookie, "", maxAge: 0, request))
        return response
    }

    private func checkForm(_ request: Request, _ context: ConsoleContext) throws {
        guard let formToken = context.form["csrf_token"] else { return }
        let (id, isNew) = self.formCookie(of: request)
        guard !isNew, FormToken.isValid(formToken, for: id) else {
            throw PageError(.forbidden, "This form has expired. Load the page again.")
        }
    }

    private func formCookie(of request: Request) -> (id: String, isNew: Bool) {
        if let value = request.cookies[Self.formCookie]?.value, value.utf8.count == 43 { return (value, false) }
        return (Secret.random(), true)
    }

    /// Strict: other sites cannot make a browser send it. Secure behind TLS, our own or that of a proxy, which can only make it stricter.
    func cookie(_ name: String, _ value: String, maxAge: Int, sameSite: Cookie.SameSite = .strict, _ request: Request) -> Cookie {
        Cookie(
            name: name, value: value, maxAge: maxAge, path: "/",
            secure: self.renderer.isTLS || request.headers[.xForwardedProto]?.lowercased() == "https", httpOnly: true, sameSite: sameSite)
    }

    /// The page after signing in: a local path, or `/`. Browsers read `//host` and `/\host` as other hosts.
    static func localPath(_ text: String?) -> String {
        guard let text, text.hasPrefix("/"), text.utf8.dropFirst().first != UInt8(ascii: "/"), text.utf8.count <= 2000,
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "\"") })
        else { return "/" }
        return text
    }
}

extension Response {
    /// `303`: the browser loads that page.
    static func redirect(to path: String) -> Response { Response(status: .seeOther, headers: [.location: path]) }
}

extension String {
    /// As the beginning of a sentence.
    var capitalizedFirst: String { self.prefix(1).uppercased() + self.dropFirst() }
}
