import Conveyor
import HTTPTypes
import Hummingbird
import NIOCore

/// Refuses requests without a session and forms from other sites. Every POST passes it, so no page can forget the check.
struct AccessCheck: RouterMiddleware {
    /// The size of an edited payload of a few megabytes in a form.
    private static let maxFormSize = 16 << 20
    /// The limit before a sign-in.
    private static let maxSignInSize = 8 << 10

    func handle(
        _ request: Request, context: ConsoleContext, next: (Request, ConsoleContext) async throws -> Response
    ) async throws -> Response {
        let path = request.uri.path
        if path.hasPrefix("/assets/") || path == "/favicon.ico" { return try await next(request, context) }
        let isSignIn = path == "/login" || path.hasPrefix("/login/")
        if context.isDatabaseAway, !isSignIn {
            throw PageError(.serviceUnavailable, "The database cannot be reached, so the console cannot check your session. Try again in a moment.")
        }
        guard request.method != .get, request.method != .head else {
            if context.session != nil || isSignIn { return try await next(request, context) }
            // After a link from another site, such as a chat, a browser withholds the strict cookie. A second request, from our own page,
            // contains it.
            if request.headers[.secFetchSite] == "cross-site" { return Self.page(thatLeadsTo: request.uri.string) }
            return .redirect(to: path == "/" ? "/login" : "/login?next=" + Form.escaped(request.uri.string))
        }
        if request.headers[.secFetchSite].map({ ["cross-site", "same-site"].contains($0) }) == true {
            throw PageError(.forbidden, "This form came from another site.")
        }
        guard isSignIn || context.session != nil else { throw PageError(.unauthorized, "You are not signed in.") }
        var context = context
        context.form = try await Self.form(of: request, upTo: context.session == nil ? Self.maxSignInSize : Self.maxFormSize)
        if !isSignIn, let session = context.session, !session.isOwn(context.form["csrf_token"]) {
            throw PageError(.forbidden, "This form has expired. Nothing was done; load the page again and resend it.")
        }
        return try await next(request, context)
    }

    private static func form(of request: Request, upTo limit: Int) async throws -> Form {
        guard (request.headers[.contentType] ?? "application/x-www-form-urlencoded").lowercased().hasPrefix("application/x-www-form-urlencoded")
        else {
            throw PageError(.unsupportedMediaType, "Only application/x-www-form-urlencoded is understood.")
        }
        do {
            return Form(Array(buffer: try await request.body.collect(upTo: limit))[...])
        } catch is NIOTooManyBytesError {
            throw PageError(.contentTooLarge, "The form is too large.")
        }
    }

    /// A page that redirects at once.
    static func page(thatLeadsTo path: String) -> Response {
        let path = SignInPage.localPath(path).replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("'", with: "&#39;")
        let html = #"<!doctype html><meta charset="utf-8"><title>Conveyor</title><meta http-equiv="refresh" content="0;url=\#(path)">"#
        return Response(
            status: .ok, headers: [.contentType: "text/html; charset=utf-8"], body: .init(byteBuffer: ByteBuffer(string: html)))
    }
}
