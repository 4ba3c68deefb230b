import Conveyor
import Hummingbird
import Resources
import Shop

/// Accounts: each user's own, and all of them for the staff.
struct UsersController: Sendable {
    let intake: Intake
    let authenticator: Authenticator
    let users: UserReader
    let personalData: PersonalDataReader

    func add(to routes: inout Routes) {
        routes.api(.get, "/users/me", self.me)
        routes.api(.patch, "/users/me", self.updateProfile)
        routes.api(.get, "/users/me/export", self.export)
        routes.api(.get, "/users", self.list)
        routes.api(.get, "/users/{id}", self.get)
        routes.api(.patch, "/users/{id}", self.setFlags)
    }

    private static let notFound = Problem(.notFound, "There is no such account.")

    @Sendable private func me(_ request: Request, _ context: IngressContext) async throws -> Response {
        let id = try await self.authenticator.user(request).id
        guard let user = try await self.users.user(id) else { throw Self.notFound }
        return try .json(user)
    }

    /// A merge patch (RFC 7396): `null` removes the name.
    @Sendable private func updateProfile(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.user(request)
        let input = try await request.read { fields in
            UpdateProfile(
                userID: user.id, fullName: fields.optional("full_name", .personName), clearsFullName: fields.isNull("full_name") ? true : nil,
                notifications: fields.optionalObject("notifications") { choices in
                    choices.refuseNull("push", "sms", "email_updates")
                    return NotificationChoices(
                        push: choices.optionalBool("push"), sms: choices.optionalBool("sms"), emailUpdates: choices.optionalBool("email_updates"))
                })
        }
        return try await self.intake.accept(
            input.value, .updateProfile, about: .existing(user.id), by: user.id, body: input.bytes, request, context)
    }

    @Sendable private func export(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.user(request)
        guard let body = try await self.personalData.body(of: user.id) else { throw Self.notFound }
        return Response(
            status: .ok,
            headers: [
                .contentType: "application/json", .cacheControl: "private, no-store",
                .contentDisposition: "attachment; filename=\"personal-data.json\"",
            ], body: body)
    }

    @Sendable private func list(_ request: Request, _ context: IngressContext) async throws -> Response {
        _ = try await self.authenticator.superuser(request)
        let query = try Query(request)
        let (text, limit, cursor) = (try query.string("q"), try query.limit(), try query.cursor())
        let users = try await self.users.users(with: text, from: cursor, count: limit + 1)
        return try .page(Page(users, limit: limit) { Cursor($0.createdAt, $0.id) }, request)
    }

    @Sendable private func get(_ request: Request, _ context: IngressContext) async throws -> Response {
        _ = try await self.authenticator.superuser(request)
        guard let id = ID(context.parameter("id")), let user = try await self.users.user(id) else { throw Self.notFound }
        return try .json(user)
    }

    @Sendable private func setFlags(_ request: Request, _ context: IngressContext) async throws -> Response {
        let staff = try await self.authenticator.superuser(request)
        guard let id = ID(context.parameter("id")), try await self.mayExist(id) else { throw Self.notFound }
        let input = try await request.read { fields in
            fields.refuseNull("is_active", "is_superuser")
            return SetAccountFlags(userID: id, isActive: fields.optionalBool("is_active"), isSuperuser: fields.optionalBool("is_superuser"))
        }
        return try await self.intake.accept(
            input.value, .setAccountFlags, about: .existing(id), by: staff.id, body: input.bytes, request, context)
    }

    /// False for an account that certainly does not exist; while the database is away the worker decides.
    private func mayExist(_ id: ID) async throws -> Bool {
        do {
            return try await self.users.user(id) != nil
        } catch let problem as Problem where problem.code == .databaseUnreachable {
            return true
        }
    }
}
