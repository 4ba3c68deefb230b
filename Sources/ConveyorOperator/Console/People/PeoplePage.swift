import Conveyor
import HTTPTypes
import Hummingbird

/// `/people`: the operators' accounts, for admins.
struct PeoplePage: Sendable {
    let people: People
    let address: ConsoleAddress
    let renderer: Renderer

    struct Content: Sendable {
        let people: [Row]
        let hasPeople: Bool
        let roles: [Choice]
        let name: String
        let link: String?
        let linkName: String
        let problem: String?
    }

    struct Choice: Sendable {
        let name: String
        let isChosen: Bool
    }

    struct Row: Sendable {
        let name: String
        let path: String
        let roles: [Choice]
        let signIn: String
        let created: Moment
        let seen: Moment?

        init(_ person: Person) {
            self.name = person.name
            self.path = Form.escaped(person.name)
            self.roles = Role.allCases.map { Choice(name: $0.rawValue, isChosen: $0 == person.role) }
            self.signIn =
                switch person.signIn {
                case .password: "a password"
                case .link: "a one-time link"
                case .none: "nothing yet"
                }
            self.created = Moment(person.createdAt)
            self.seen = person.lastSeenAt.map { Moment($0) }
        }
    }

    func add(to router: Router<ConsoleContext>) {
        router.get("/people") { _, context in
            _ = try context.actor(for: .managePeople)
            return try await self.page(context)
        }
        router.post("/people", use: self.add)
        router.post("/people/:name", use: self.change)
        router.post("/people/:name/remove", use: self.remove)
    }

    @Sendable func add(_ request: Request, context: ConsoleContext) async throws -> Response {
        let actor = try context.actor(for: .managePeople)
        let name = context.form.text("name") ?? ""
        guard Person.isName(name) else {
            return try await self.page(
                context, status: .unprocessableContent, name: name, problem: "A name is 1 to 40 of A–Z, a–z, 0–9 and . _ @ -")
        }
        let (isAdded, secret) = try await self.people.add(name, role: try Self.role(context.form.text("role")), password: nil, by: actor)
        guard isAdded else {
            return try await self.page(context, status: .conflict, name: name, problem: "\(name) exists already.")
        }
        return try await self.page(context, link: secret.map(self.address.link), of: name)
    }

    @Sendable func change(_ request: Request, context: ConsoleContext) async throws -> Response {
        let actor = try context.actor(for: .managePeople)
        let name = try Self.name(context)
        let secret = try await self.people.set(
            name, role: try context.form.text("role").map(Self.role), password: nil, link: context.form["link"] != nil, by: actor)
        guard let secret else { return .redirect(to: "/people") }
        return try await self.page(context, link: self.address.link(secret), of: name)
    }

    @Sendable func remove(_ request: Request, context: ConsoleContext) async throws -> Response {
        let actor = try context.actor(for: .managePeople)
        try await self.people.remove(try Self.name(context), by: actor)
        return .redirect(to: "/people")
    }

    private static func name(_ context: ConsoleContext) throws -> String {
        let name = try context.parameters.require("name")
        // A client may have written an unreserved character as %XX.
        return Form("name=\(name.replacing("+", with: "%2B"))")["name"] ?? name
    }

    private static func role(_ text: String?) throws -> Role {
        guard let role = text.flatMap({ Role(rawValue: $0) }) else { throw PageError(.unprocessableContent, "A role is viewer, operator or admin.") }
        return role
    }

    private func page(
        _ context: ConsoleContext, status: HTTPResponse.Status = .ok, link: String? = nil, of linkName: String = "", name: String = "",
        problem: String? = nil
    ) async throws -> Response {
        let people = try await self.people.list()
        let content = Content(
            people: people.map(Row.init), hasPeople: !people.isEmpty, roles: Role.allCases.map { Choice(name: $0.rawValue, isChosen: false) },
            name: name.visible, link: link, linkName: linkName, problem: problem)
        return try self.renderer.respond("people", title: "People", section: "/people", content, context: context, status: status)
    }
}
