import Conveyor
import Hummingbird
import Shop

/// Categories: a public tree, which the staff changes.
struct CategoriesController: Sendable {
    let intake: Intake
    let authenticator: Authenticator
    let categories: CategoryReader

    func add(to routes: inout Routes) {
        routes.api(.get, "/categories", self.list)
        // A slug or an id.
        routes.api(.get, "/categories/{id}", self.get)
        routes.api(.post, "/categories", self.create)
        routes.api(.patch, "/categories/{id}", self.update)
        routes.api(.delete, "/categories/{id}", self.delete)
    }

    private static let notFound = Problem(.notFound, "There is no such category.")

    @Sendable private func list(_ request: Request, _ context: IngressContext) async throws -> Response {
        let tree = try await self.categories.tree()
        guard await self.authenticator.isStaff(request) else { return tree.visible.response(to: request) }
        return .json(bytes: tree.whole)
    }

    @Sendable private func get(_ request: Request, _ context: IngressContext) async throws -> Response {
        guard let node = try await self.categories.tree()[context.parameter("id")] else { throw Self.notFound }
        if node.isVisible { return node.answer.response(to: request) }
        guard await self.authenticator.isStaff(request) else { throw Self.notFound }
        return try .json(node.category)
    }

    @Sendable private func create(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.superuser(request)
        let input = try await request.read { fields in
            CreateCategory(
                name: fields.required("name", .title), slug: fields.optional("slug", .slug),
                description: fields.optional("description", .description),
                parentID: fields.optionalID("parent_id"), isActive: fields.optionalBool("is_active"))
        }
        return try await self.intake.accept(input.value, .createCategory, about: .new, by: user.id, body: input.bytes, request, context)
    }

    /// A merge patch (RFC 7396): `null` removes the description or the parent.
    @Sendable private func update(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.superuser(request)
        guard let id = ID(context.parameter("id")) else { throw Self.notFound }
        let input = try await request.read { fields in
            fields.refuseNull("name", "slug", "is_active")
            return UpdateCategory(
                categoryID: id, name: fields.optional("name", .title), slug: fields.optional("slug", .slug),
                description: fields.isNull("description") ? "" : fields.optional("description", .description),
                parentID: fields.optionalID("parent_id"), clearsParent: fields.isNull("parent_id") ? true : nil,
                isActive: fields.optionalBool("is_active"))
        }
        return try await self.intake.accept(
            input.value, .updateCategory, about: .existing(id), by: user.id, body: input.bytes, request, context)
    }

    @Sendable private func delete(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.superuser(request)
        guard let id = ID(context.parameter("id")) else { throw Self.notFound }
        let body = try await request.bytes()
        return try await self.intake.accept(
            DeleteCategory(categoryID: id), .deleteCategory, about: .existing(id), by: user.id, body: body, request, context)
    }
}
