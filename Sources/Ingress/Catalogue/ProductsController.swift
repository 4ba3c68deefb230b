import Conveyor
import Hummingbird
import Resources
import Shop

/// Products: public lists, search and details; the staff changes them.
struct ProductsController: Sendable {
    let intake: Intake
    let authenticator: Authenticator
    let products: ProductReader
    let search: ProductSearch
    /// Searches are slow, so clients take turns.
    let turns: FairQueue<IPAddress>

    func add(to routes: inout Routes) {
        routes.api(.get, "/products", self.list)
        routes.api(.get, "/products/{id}", self.get)
        routes.api(.post, "/products", self.create)
        routes.api(.patch, "/products/{id}", self.update)
        routes.api(.delete, "/products/{id}", self.archive)
    }

    static let notFound = Problem(.notFound, "There is no such product (yet).")

    @Sendable private func list(_ request: Request, _ context: IngressContext) async throws -> Response {
        let query = try ProductQuery(Query(request))
        let page: Page<ProductBody>
        do {
            page = try await self.turns.run(for: context.client.network) { try await self.search.page(query) }
        } catch is FairQueue<IPAddress>.Full {
            throw Refusal.tooMany("Too many searches at once", wait: .seconds(1))
        }
        return SharedAnswer(json: try JSON.canonical(page), headers: request.link(toNext: page.nextCursor)).response(to: request)
    }

    @Sendable private func get(_ request: Request, _ context: IngressContext) async throws -> Response {
        guard let id = ID(context.parameter("id")), let product = try await self.products.product(id) else { throw Self.notFound }
        if product.isActive { return product.answer.response(to: request) }
        guard await self.authenticator.isStaff(request) else { throw Self.notFound }
        return product.answer.privateResponse
    }

    @Sendable private func create(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.superuser(request)
        let input = try await request.read { fields in
            let product = CreateProduct(
                sku: fields.required("sku", .sku), name: fields.required("name", .title), description: fields.optional("description", .description),
                unitAmount: fields.required("unit_amount", .unitAmount), currency: fields.optional("currency", .currency),
                stockQuantity: fields.optional("stock_quantity", .count), categoryID: fields.optionalID("category_id"),
                images: fields.images("images"), isActive: fields.optionalBool("is_active"),
                lowStockThreshold: fields.optional("low_stock_threshold", .count))
            fields.refuse("unit_amount", product.currency, product.unitAmount)
            return product
        }
        return try await self.intake.accept(input.value, .createProduct, about: .new, by: user.id, body: input.bytes, request, context)
    }

    /// A merge patch (RFC 7396): `null` removes the description, the category or the images, or resets the threshold to the shop's default.
    @Sendable private func update(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.superuser(request)
        guard let id = ID(context.parameter("id")) else { throw Self.notFound }
        let input = try await request.read { fields in
            fields.refuseNull("sku", "name", "unit_amount", "currency", "stock_quantity", "is_active")
            let change = UpdateProduct(
                productID: id, sku: fields.optional("sku", .sku), name: fields.optional("name", .title),
                description: fields.isNull("description") ? "" : fields.optional("description", .description),
                unitAmount: fields.optional("unit_amount", .unitAmount), currency: fields.optional("currency", .currency),
                stockQuantity: fields.optional("stock_quantity", .count), categoryID: fields.optionalID("category_id"),
                clearsCategory: fields.isNull("category_id") ? true : nil, images: fields.isNull("images") ? [] : fields.images("images"),
                isActive: fields.optionalBool("is_active"),
                lowStockThreshold: fields.optional("low_stock_threshold", .count),
                clearsLowStockThreshold: fields.isNull("low_stock_threshold") ? true : nil)
            fields.refuse("unit_amount", change.currency, change.unitAmount)
            return change
        }
        return try await self.intake.accept(
            input.value, .updateProduct, about: .existing(id), by: user.id, body: input.bytes, request, context)
    }

    /// Archives the product; existing orders keep their lines.
    @Sendable private func archive(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.superuser(request)
        guard let id = ID(context.parameter("id")) else { throw Self.notFound }
        let body = try await request.bytes()
        return try await self.intake.accept(
            ArchiveProduct(productID: id), .archiveProduct, about: .existing(id), by: user.id, body: body, request, context)
    }
}
