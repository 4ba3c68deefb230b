import Conveyor
import Hummingbird
import Shop

/// The user's cart and its checkout.
struct CartController: Sendable {
    let intake: Intake
    let authenticator: Authenticator
    let carts: CartReader

    func add(to routes: inout Routes) {
        routes.api(.get, "/cart", self.get)
        routes.api(.delete, "/cart", self.clear)
        routes.api(.put, "/cart/items/{product_id}", self.setItem)
        routes.api(.delete, "/cart/items/{product_id}", self.removeItem)
        routes.api(.post, "/cart/checkout", self.checkOut)
    }

    @Sendable private func get(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.user(request)
        return try .json(try await self.carts.cart(of: user.id))
    }

    /// Sets an absolute quantity, so repeating the request is harmless.
    @Sendable private func setItem(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.user(request)
        guard let product = ID(context.parameter("product_id")) else { throw ProductsController.notFound }
        let input = try await request.read { fields in
            SetCartItem(
                userID: user.id, productID: product, quantity: fields.required("quantity", .number(0...OrderLine.allowedQuantity.upperBound)))
        }
        return try await self.intake.accept(input.value, .setCartItem, about: .existing(user.id), by: user.id, body: input.bytes, request, context)
    }

    @Sendable private func removeItem(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.user(request)
        guard let product = ID(context.parameter("product_id")) else { throw ProductsController.notFound }
        let body = try await request.bytes()
        return try await self.intake.accept(
            SetCartItem(userID: user.id, productID: product, quantity: 0), .setCartItem, about: .existing(user.id), by: user.id, body: body, request,
            context)
    }

    @Sendable private func clear(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.user(request)
        let body = try await request.bytes()
        return try await self.intake.accept(
            ClearCart(userID: user.id), .clearCart, about: .existing(user.id), by: user.id, body: body, request, context)
    }

    @Sendable private func checkOut(_ request: Request, _ context: IngressContext) async throws -> Response {
        let user = try await self.authenticator.user(request)
        let input = try await request.read { fields in
            CheckoutCart(
                userID: user.id, shippingAddress: fields.address("shipping_address"), billingAddress: fields.optionalAddress("billing_address"))
        }
        return try await self.intake.accept(input.value, .checkoutCart, about: .new, by: user.id, body: input.bytes, request, context)
    }
}
