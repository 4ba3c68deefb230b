import Conveyor
import FoundationEssentials
import Hummingbird
import Resources
import Shop

/// Orders: users place, read and cancel them; the staff ships and completes them.
struct OrdersController: Sendable {
    private let intake: Intake
    private let authenticator: Authenticator
    private let orders: OrderReader
    private let timelines: TimelineReader

    init(intake: Intake, authenticator: Authenticator, orders: OrderReader, timelines: TimelineReader) {
        self.intake = intake
        self.authenticator = authenticator
        self.orders = orders
        self.timelines = timelines
    }

    func add(to routes: inout Routes) {
        routes.api(.post, "/orders", self.place)
        routes.api(.get, "/orders", self.list)
        routes.api(.get, "/orders/{id}", self.get)
        routes.api(.get, "/orders/{id}/timeline", self.timeline)
        routes.api(.post, "/orders/{id}/cancel", self.cancel)
        routes.api(.post, "/orders/{id}/ship", self.ship)
        routes.api(.post, "/orders/{id}/complete", self.complete)
    }

    @Sendable private func place(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.user(request)
        let input = try await request.read { fields in
            PlaceOrder(
                userID: user.id,
                items: fields.list("items", OrderLine.allowedCount) { line in
                    OrderLine(productID: line.id("product_id"), quantity: line.required("quantity", .number(OrderLine.allowedQuantity)))
                }.merged,
                shippingAddress: fields.address("shipping_address"), billingAddress: fields.optionalAddress("billing_address"))
        }
        for line in input.value.items where !OrderLine.allowedQuantity.contains(line.quantity) {
            let message = "must have at most \(OrderLine.allowedQuantity.upperBound) units of a product over all lines"
            throw Problem(.invalid, "The quantity of product \(line.productID) is too high.", errors: [.init(field: "items", message: message)])
        }
        return try await self.intake.accept(
            ReserveStock(order: input.value), .placeOrder, about: .new, by: user.id, body: input.bytes, request, context)
    }

    private static let notFound = OrderReader.notFound

    private func order(_ request: Request, _ context: IngressContext) async throws -> (id: ID, user: Authenticator.User) {
        try await self.orders.visible(context.parameter("id"), to: self.authenticator.user(request))
    }

    @Sendable private func list(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.user(request)
        let query = try Query(request)
        let (limit, cursor) = (try query.limit(), try query.cursor())
        let status = try query.oneOf("status", OrderStatus.allCases.map(\.rawValue))
        let (other, all) = (try query.id("user_id"), try query.bool("all") ?? false)
        guard user.isSuperuser || (!all && other ?? user.id == user.id) else {
            throw Problem(.forbidden, "Only staff can see orders of other customers.")
        }
        let rows = try await self.orders.orders(of: all ? nil : other ?? user.id, status: status, from: cursor, count: limit + 1)
        let page = Page(rows, limit: limit) { Cursor($0.createdAt, $0.id) }
        return try .page(page, request)
    }

    @Sendable private func get(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.user(request)
        guard let id = ID(context.parameter("id")), let order = try await self.orders.order(id), order.userID == user.id || user.isSuperuser else {
            throw Self.notFound
        }
        return try .json(order)
    }

    @Sendable private func timeline(_ request: Request, _ context: IngressContext) async throws -> Response {
        let (id, _) = try await self.order(request, context)
        let entries = try await self.timelines.entries(of: id)
        return try .json(Page(entries, limit: .max) { _ in Cursor(key: "", id: id) })
    }

    @Sendable private func cancel(_ request: Request, _ context: IngressContext) async throws -> Response {
        let (id, user) = try await self.ownOrder(request, context)
        let input = try await request.read(optional: true) { CancelOrder(orderID: id, reason: $0.optional("reason", .reason)) }
        return try await self.intake.accept(input.value, .cancelOrder, about: .existing(id), by: user.id, body: input.bytes, request, context)
    }

    /// As ``order(_:_:)``; while the database is away, the worker checks the owner.
    private func ownOrder(_ request: Request, _ context: IngressContext) async throws -> (id: ID, user: Authenticator.User) {
        do {
            return try await self.order(request, context)
        } catch let problem as Problem where problem.code == .databaseUnreachable {
            guard let id = ID(context.parameter("id")) else { throw Self.notFound }
            return (id, try await self.authenticator.user(request))
        }
    }

    @Sendable private func ship(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.superuser(request)
        let (id, _) = try await self.ownOrder(request, context)
        let input = try await request.read(optional: true) {
            ShipOrder(orderID: id, carrier: $0.optional("carrier", .tracking), trackingNumber: $0.optional("tracking_number", .tracking))
        }
        return try await self.intake.accept(input.value, .shipOrder, about: .existing(id), by: user.id, body: input.bytes, request, context)
    }

    @Sendable private func complete(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.superuser(request)
        let (id, _) = try await self.ownOrder(request, context)
        let body = try await request.bytes()
        return try await self.intake.accept(
            CompleteOrder(orderID: id), .completeOrder, about: .existing(id), by: user.id, body: body, request, context)
    }
}
