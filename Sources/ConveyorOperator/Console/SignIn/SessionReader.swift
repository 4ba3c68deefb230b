import Hummingbird
import Postgres

/// Looks up the session of a request.
struct SessionReader: RouterMiddleware {
    let sessions: Sessions

    func handle(
        _ request: Request, context: ConsoleContext, next: (Request, ConsoleContext) async throws -> Response
    ) async throws -> Response {
        guard let cookie = request.cookies[SignInPage.cookie]?.value, !cookie.isEmpty, !request.uri.path.hasPrefix("/assets/") else {
            return try await next(request, context)
        }
        var context = context
        do {
            context.session = try await self.sessions.find(cookie, isUse: request.headers[.refresh] == nil)
        } catch is PostgresError {
            context.session = self.sessions.remembered(cookie)
            context.isDatabaseAway = context.session == nil
        }
        return try await next(request, context)
    }
}
