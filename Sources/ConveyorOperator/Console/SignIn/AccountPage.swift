import HTTPTypes
import Hummingbird
import Identity
import Conveyor
import Logging

/// `/account`: the signed-in person, and a form to change the own password.
struct AccountPage: Sendable {
    let sessions: Sessions
    let people: People
    let signIn: SignInPage
    let renderer: Renderer
    let logger: Logger

    struct Content: Sendable {
        let name: String
        let role: String
        /// The rights of the role.
        let rights: String
        /// Whether the account is in `people list`: external accounts have their passwords elsewhere.
        let isPerson: Bool
        let hasPassword: Bool
        let problem: String?
    }

    func add(to router: Router<ConsoleContext>) {
        router.get("/account") { request, context in
            try await self.page(context, notice: request.fields["notice"].flatMap { Notice(rawValue: $0)?.text })
        }
        router.post("/account/password", use: self.changePassword)
    }

    /// Sets another password and ends all sessions of the person, including the current one; a new one begins for this browser.
    @Sendable func changePassword(_ request: Request, context: ConsoleContext) async throws -> Response {
        guard let session = context.session, session.isPerson else {
            throw PageError(.conflict, "Only people of this console have a password here. Change yours where you sign in.")
        }
        let name = session.actor.name
        let (current, new) = (context.form["current_password"] ?? "", context.form["password"] ?? "")
        guard let known = try await self.people.passwordHash(of: name) else { throw PageError(.unauthorized, "You are not signed in.") }
        let wait: Duration?
        do {
            wait = try await self.signIn.limit.turn(of: context.client, name: name)
            // A person who has signed in by a link has no password yet.
            if let hash = known.hash, try await !self.signIn.hasher.verify(current, against: hash) {
                self.signIn.limit.failed(context.client, name: name)
                self.logger.warning("a wrong password at the change of a password", metadata: ["actor": .string(Principal.label(name))])
                guard let wait else { return try await self.page(context, problem: "The current password is wrong.", status: .unprocessableContent) }
                return try await self.tooMany(context, wait)
            }
        } catch let crowd as GuessLimit.Crowd {
            return try await self.tooMany(context, crowd.wait)
        } catch PasswordHasher.Failure.busy {
            return try await self.tooMany(context, .seconds(1))
        }
        if let problem = Person.problem(ofPassword: new) {
            return try await self.page(context, problem: problem.capitalizedFirst + ".", status: .unprocessableContent)
        }
        guard new == context.form["password_again"] ?? new else {
            return try await self.page(context, problem: "The two new passwords differ.", status: .unprocessableContent)
        }
        guard let hash = try await self.people.changePassword(of: name, from: known.hash, to: new),
            let cookie = try await self.sessions.begin(.person(name, passwordHash: hash))
        else {
            return try await self.page(context, problem: "The password has changed in the meantime. Try again.", status: .conflict)
        }
        return self.signIn.signedIn(request, context, as: name, cookie, next: "/account?notice=\(Notice.passwordChanged.rawValue)")
    }

    private func tooMany(_ context: ConsoleContext, _ wait: Duration) async throws -> Response {
        let seconds = max(1, Int((wait / .seconds(1)).rounded(.up)))
        var response = try await self.page(
            context, problem: "Too many wrong passwords. Try again in \(Quantity.count(seconds, "second")).", status: .tooManyRequests)
        response.headers[.retryAfter] = String(seconds)
        return response
    }

    private func page(
        _ context: ConsoleContext, notice: String? = nil, problem: String? = nil, status: HTTPResponse.Status = .ok
    ) async throws -> Response {
        guard let session = context.session else { throw PageError(.unauthorized, "You are not signed in.") }
        let hasPassword = session.isPerson ? try await self.people.passwordHash(of: session.actor.name)?.hash != nil : false
        let content = Content(
            name: session.actor.name.visible, role: session.actor.role.rawValue, rights: session.actor.role.rights, isPerson: session.isPerson,
            hasPassword: hasPassword, problem: problem)
        return try self.renderer.respond("account", title: "Your account", notice: notice, content, context: context, status: status)
    }
}

extension Role {
    /// Its rights, in a sentence.
    fileprivate var rights: String {
        switch self {
        case .viewer: "You see everything but payloads."
        case .operator: "You also see payloads, replay, edit, discard, pause, skip, send and run schedules."
        case .admin: "You may do everything, and manage people."
        }
    }
}
