import Hummingbird

/// Finds out who is signed in.
struct SessionReader: RouterMiddleware {
    let sessions: SessionKeeper

    func handle(
        _ request: Request, context: ConsoleContext, next: (Request, ConsoleContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.session = request.cookies[SignInPage.cookie].flatMap { self.sessions.session(cookieValue: $0.value) }
        return try await next(request, context)
    }
}
