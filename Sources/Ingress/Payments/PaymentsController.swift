import Conveyor
import Hummingbird
import Shop

/// Payments and refunds. Stripe's results arrive by its webhook.
struct PaymentsController: Sendable {
    private let intake: Intake
    private let authenticator: Authenticator
    private let orders: OrderReader

    init(intake: Intake, authenticator: Authenticator, orders: OrderReader) {
        self.intake = intake
        self.authenticator = authenticator
        self.orders = orders
    }

    func add(to routes: inout Routes) {
        routes.api(.post, "/payments/create-payment-intent", self.createIntent)
        routes.api(.post, "/payments/confirm-payment/{order_id}", self.confirm)
        routes.api(.post, "/payments/refunds", self.refund)
    }

    /// Another user's order does not exist for this one. An order that is not written yet passes, as does any while the database is away: the worker
    /// checks again.
    private func check(_ order: ID, _ user: Authenticator.User) async throws {
        do {
            guard let owner = try await self.orders.owner(of: order), owner != user.id, !user.isSuperuser else { return }
            throw Problem(.notFound, "There is no such order.")
        } catch let problem as Problem where problem.code == .databaseUnreachable {
            return
        }
    }

    @Sendable private func createIntent(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.user(request)
        let input = try await request.read { CreateIntent(orderID: $0.id("order_id")) }
        let order = input.value.orderID
        try await self.check(order, user)
        return try await self.intake.accept(input.value, .createIntent, about: .existing(order), by: user.id, body: input.bytes, request, context)
    }

    @Sendable private func confirm(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.user(request)
        guard let order = ID(context.parameter("order_id")) else { throw Problem(.notFound, "There is no such order.") }
        try await self.check(order, user)
        let body = try await request.bytes()
        return try await self.intake.accept(
            ConfirmPayment(orderID: order), .confirmPayment, about: .existing(order), by: user.id, body: body, request, context)
    }

    @Sendable private func refund(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.superuser(request)
        let input = try await request.read { fields in
            let reason = fields.optional("reason", .reason)
            // Stripe knows three reasons; any other text is kept as a note.
            let isStripes = reason.map { ["duplicate", "fraudulent", "requested_by_customer"].contains($0) } ?? false
            return RefundPayment(
                orderID: fields.id("order_id"), amount: fields.optional("amount", .amount), reason: isStripes ? reason : nil,
                note: isStripes ? nil : reason)
        }
        return try await self.intake.accept(
            input.value, .refundPayment, about: .existing(input.value.orderID), by: user.id, body: input.bytes, request, context)
    }
}
