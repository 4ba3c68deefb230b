import Conveyor
import Hummingbird
import Logging

/// `/login/oidc` and `/login/oidc/callback`: signing in with an external account.
struct OpenIDPage: Sendable {
    let provider: OpenIDProvider
    let sessions: Sessions
    let signIn: SignInPage
    let logger: Logger

    /// Holds the state of a sign-in. Lax, since the provider's page redirects the browser back.
    private static let cookie = "conveyor_oidc"

    func add(to router: Router<ConsoleContext>) {
        router.get("/login/oidc", use: self.leave)
        router.get("/login/oidc/callback", use: self.comeBack)
    }

    @Sendable func leave(_ request: Request, context: ConsoleContext) async throws -> Response {
        let attempt = OpenIDProvider.Attempt(next: SignInPage.localPath(request.fields["next"]))
        do {
            var response = Response.redirect(to: try await self.provider.authorizationURL(attempt))
            response.setCookie(self.signIn.cookie(Self.cookie, attempt.text, maxAge: 600, sameSite: .lax, request))
            return response
        } catch let refused as OpenIDProvider.Refused {
            throw self.error(refused)
        }
    }

    @Sendable func comeBack(_ request: Request, context: ConsoleContext) async throws -> Response {
        let fields = request.fields
        guard let attempt = request.cookies[Self.cookie].flatMap({ OpenIDProvider.Attempt($0.value) }), fields["state"] == attempt.state else {
            throw PageError(.badRequest, "This sign-in did not begin here, or took too long. Begin again at /login.")
        }
        if let error = fields.text("error") {
            throw PageError(.forbidden, "The provider did not sign you in: \(error.visible.shortened(to: 100)).")
        }
        guard let code = fields.text("code") else { throw PageError(.badRequest, "The provider sent no code.") }
        do {
            let account = try await self.provider.account(code: code, attempt)
            guard let cookie = try await self.sessions.begin(.provider(name: account.name, account.role)) else {
                throw PageError(.forbidden, "\(account.name) is the name of a person of this console, who signs in with a password.")
            }
            self.logger.notice("signed in", metadata: ["actor": .string(Principal.label(account.name)), "client": .string(context.client)])
            // Not a redirect: after one from another site, browsers withhold the strict cookie.
            var response = AccessCheck.page(thatLeadsTo: attempt.next)
            response.setCookie(self.signIn.cookie(SignInPage.cookie, cookie, maxAge: self.sessions.cookieLife, request))
            response.setCookie(self.signIn.cookie(Self.cookie, "", maxAge: 0, sameSite: .lax, request))
            return response
        } catch let refused as OpenIDProvider.Refused {
            throw self.error(refused)
        }
    }

    private func error(_ refused: OpenIDProvider.Refused) -> PageError {
        self.logger.warning("no sign-in by the provider: \(refused)")
        return PageError(refused.isOutage ? .badGateway : .forbidden, "You are not signed in: \(refused).")
    }
}
