import Conveyor
import Shop

/// The request of a command.
enum HTTPRoute {
    private static let routes: [String: String] = [
        RegisterAccount.type: "POST /auth/register", UpdateProfile.type: "PATCH /users/me", ChangePassword.type: "POST /users/me/password",
        RequestPasswordReset.type: "POST /auth/password-reset", ResetPassword.type: "POST /auth/password-reset/confirm",
        RevokeTokens.type: "POST /auth/logout-all", RenewSession.type: "POST /auth/refresh", EndSession.type: "POST /auth/logout",
        SetAccountFlags.type: "PATCH /users/{id}", EraseAccount.type: "DELETE /users/me",

        CreateCategory.type: "POST /categories", UpdateCategory.type: "PATCH /categories/{id}", DeleteCategory.type: "DELETE /categories/{id}",
        CreateProduct.type: "POST /products", UpdateProduct.type: "PATCH /products/{id}", ArchiveProduct.type: "DELETE /products/{id}",
        AdjustStock.type: "POST /products/{id}/stock",

        SetCartItem.type: "PUT /cart/items/{product_id}", ClearCart.type: "DELETE /cart", CheckoutCart.type: "POST /cart/checkout",
        PlaceOrder.type: "POST /orders", ReserveStock.type: "POST /orders", CancelOrder.type: "POST /orders/{id}/cancel",
        ShipOrder.type: "POST /orders/{id}/ship",
        CompleteOrder.type: "POST /orders/{id}/complete",

        CreateIntent.type: "POST /payments/create-payment-intent", ConfirmPayment.type: "POST /payments/confirm-payment/{order_id}",
        RefundPayment.type: "POST /payments/refunds", StripeEvent.type: "POST /webhooks/stripe",
    ]

    /// The route, if a message of that type and id came from the ingress: its ids have version 7, or 8 for an idempotency key or a Stripe
    /// event, unlike those of other commands.
    static func of(_ type: String, messageID: ID) -> String? {
        let version = messageID.high >> 12 & 0xf
        return version == 7 || version == 8 ? self.routes[type] : nil
    }
}
