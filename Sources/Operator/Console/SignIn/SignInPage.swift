import HTTPTypes
import Hummingbird
import Kit
import Logging
import Shop

/// `/login` and `/logout`.
struct SignInPage: Sendable {
    let sessions: SessionKeeper
    /// Wrong tokens of a client: a few at once, then one in a few seconds.
    let guesses = RateLimiter<String>(quota: 5, per: .seconds(15))
    let renderer: Renderer
    let logger: Logger

    /// The session's cookie.
    static let cookie = "conveyor_console"
    /// The cookie to which the form of `/login` is bound, as there is no session yet.
    private static let formCookie = "conveyor_login"

    struct Content: Sendable {
        let next: String
        let name: String
        let formToken: String
        let problem: String?
    }

    func add(to router: Router<ConsoleContext>) {
        router.get("/login", use: self.show)
        router.post("/login", use: self.signIn)
        router.post("/logout", use: self.signOut)
    }

    @Sendable func show(_ request: Request, context: ConsoleContext) async throws -> Response {
        let next = Self.localPath(request.fields["next"])
        if context.session != nil { return .redirect(to: next) }
        return try self.page(request, context, next: next, name: "")
    }

    @Sendable func signIn(_ request: Request, context: ConsoleContext) async throws -> Response {
        let form = context.form
        let (next, name) = (Self.localPath(form["next"]), form["name"] ?? "")
        let isToken = self.sessions.isToken(form["token"] ?? "")
        let standing = self.guesses.standing(of: context.client)
        // Whoever has the token is let in, or somebody who guesses behind the same proxy would lock out everybody.
        if !isToken, !standing.isAllowed {
            let seconds = max(1, Int((standing.wait / .seconds(1)).rounded(.up)))
            var response = try self.page(
                request, context, status: .tooManyRequests, next: next, name: name,
                problem: "Too many wrong tokens from here. Try again in \(seconds) second\(seconds == 1 ? "" : "s").")
            response.headers[.retryAfter] = String(seconds)
            return response
        }
        // Who knows the token needs no CSRF token beside it, so a program may leave that out; a wrong one is refused as everywhere.
        if let formToken = form["csrf_token"] {
            guard let id = request.cookies[Self.formCookie].flatMap({ ID($0.value) }), self.sessions.isFormToken(formToken, for: id) else {
                throw PageError(.forbidden, "This form is too old or not from here. Load the page again.")
            }
        }
        guard isToken else {
            _ = self.guesses.take(context.client)
            self.logger.warning("a wrong token at the console's sign-in", metadata: ["client": .string(context.client)])
            return try self.page(request, context, status: .unauthorized, next: next, name: name, problem: "That is not the console's token.")
        }
        let session = Session(name: name)
        self.logger.notice("signed in", metadata: ["actor": .string(session.actor), "client": .string(context.client)])
        var response = Response.redirect(to: next)
        response.setCookie(self.cookie(Self.cookie, self.sessions.cookieValue(of: session), maxAge: Int(Session.lifetime), request))
        response.setCookie(self.cookie(Self.formCookie, "", maxAge: 0, request))
        return response
    }

    @Sendable func signOut(_ request: Request, context: ConsoleContext) async throws -> Response {
        if let session = context.session { self.sessions.signOut(session) }
        var response = Response.redirect(to: "/login")
        response.setCookie(self.cookie(Self.cookie, "", maxAge: 0, request))
        return response
    }

    private func page(
        _ request: Request, _ context: ConsoleContext, status: HTTPResponse.Status = .ok, next: String, name: String, problem: String? = nil
    ) throws -> Response {
        let id = request.cookies[Self.formCookie].flatMap { ID($0.value) } ?? .v7(milliseconds: UInt64(max(0, Clock.milliseconds())))
        let content = Content(next: next, name: name, formToken: self.sessions.formToken(for: id), problem: problem)
        var response = try self.renderer.respond("login", title: "Sign in", content, context: context, status: status)
        response.setCookie(self.cookie(Self.formCookie, id.description, maxAge: 3600, request))
        return response
    }

    /// Strict: no other site's page can make a browser send it. Secure behind TLS, our own or that of a proxy, whose word can only make it stricter.
    private func cookie(_ name: String, _ value: String, maxAge: Int, _ request: Request) -> Cookie {
        Cookie(
            name: name, value: value, maxAge: maxAge, path: "/",
            secure: self.renderer.isTLS || request.headers[.xForwardedProto]?.lowercased() == "https", httpOnly: true, sameSite: .strict)
    }

    /// Where to go after signing in: a path of ours, or `/`. `//host` and `/\host` are other hosts to a browser.
    static func localPath(_ text: String?) -> String {
        guard let text, text.hasPrefix("/"), text.utf8.dropFirst().first != UInt8(ascii: "/"), text.utf8.count <= 2000,
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "\"") })
        else { return "/" }
        return text
    }
}

extension Response {
    /// `303`: the browser gets that page.
    static func redirect(to path: String) -> Response { Response(status: .seeOther, headers: [.location: path]) }
}
