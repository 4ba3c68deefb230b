/// The kinds of operations: one for each command of the HTTP API.
///
/// The raw value is part of every issued ``OperationID``: cases may be added, never renumbered.
public enum OperationKind: UInt8, Sendable, CaseIterable {
    case register = 1
    case updateProfile = 2
    case changePassword = 3
    case requestPasswordReset = 4
    case resetPassword = 5
    case revokeTokens = 6
    case setAccountFlags = 7
    case eraseAccount = 8
    case verifyEmail = 9
    case endSession = 10
    case subscribePush = 11
    case unsubscribePush = 12

    case createCategory = 16
    case updateCategory = 17
    case deleteCategory = 18
    case createProduct = 19
    case updateProduct = 20
    case archiveProduct = 21
    case adjustStock = 22

    case setCartItem = 32
    case clearCart = 33
    case checkoutCart = 34
    case placeOrder = 35
    case cancelOrder = 36
    case shipOrder = 37
    case completeOrder = 38

    case createIntent = 48
    case confirmPayment = 49
    case refund = 50

    case createWebhookEndpoint = 64
    case updateWebhookEndpoint = 65
    case deleteWebhookEndpoint = 66
    case rotateWebhookSecret = 67
    case pingWebhookEndpoint = 68
    case redeliverWebhook = 69
}

extension OperationKind {
    /// The type of the command, e.g. `orders.place`.
    public var type: String {
        switch self {
        case .register: RegisterAccount.type
        case .updateProfile: UpdateProfile.type
        case .changePassword: ChangePassword.type
        case .requestPasswordReset: RequestPasswordReset.type
        case .resetPassword: ResetPassword.type
        case .revokeTokens: RevokeTokens.type
        case .setAccountFlags: SetAccountFlags.type
        case .eraseAccount: EraseAccount.type
        case .verifyEmail: VerifyEmail.type
        case .endSession: EndSession.type
        case .subscribePush: SubscribePush.type
        case .unsubscribePush: UnsubscribePush.type
        case .createCategory: CreateCategory.type
        case .updateCategory: UpdateCategory.type
        case .deleteCategory: DeleteCategory.type
        case .createProduct: CreateProduct.type
        case .updateProduct: UpdateProduct.type
        case .archiveProduct: ArchiveProduct.type
        case .adjustStock: AdjustStock.type
        case .setCartItem: SetCartItem.type
        case .clearCart: ClearCart.type
        case .checkoutCart: CheckoutCart.type
        case .placeOrder: PlaceOrder.type
        case .cancelOrder: CancelOrder.type
        case .shipOrder: ShipOrder.type
        case .completeOrder: CompleteOrder.type
        case .createIntent: CreateIntent.type
        case .confirmPayment: ConfirmPayment.type
        case .refund: RefundPayment.type
        case .createWebhookEndpoint: CreateWebhookEndpoint.type
        case .updateWebhookEndpoint: UpdateWebhookEndpoint.type
        case .deleteWebhookEndpoint: DeleteWebhookEndpoint.type
        case .rotateWebhookSecret: RotateWebhookSecret.type
        case .pingWebhookEndpoint: PingWebhookEndpoint.type
        case .redeliverWebhook: RedeliverWebhook.type
        }
    }

    /// The type of resource that the operation creates or changes; nil if that must not be revealed (a password reset).
    public var resourceType: ResourceType? {
        switch self {
        case .register, .updateProfile, .changePassword, .revokeTokens, .setAccountFlags, .eraseAccount, .verifyEmail, .endSession: .user
        case .requestPasswordReset, .resetPassword: nil
        case .subscribePush, .unsubscribePush: .pushSubscription
        case .createCategory, .updateCategory, .deleteCategory: .category
        case .createProduct, .updateProduct, .archiveProduct, .adjustStock: .product
        case .setCartItem, .clearCart: .cart
        case .checkoutCart, .placeOrder, .cancelOrder, .shipOrder, .completeOrder: .order
        case .createIntent, .confirmPayment: .payment
        case .refund: .refund
        case .createWebhookEndpoint, .updateWebhookEndpoint, .deleteWebhookEndpoint, .rotateWebhookSecret: .webhookEndpoint
        case .pingWebhookEndpoint, .redeliverWebhook: .webhookDelivery
        }
    }

    /// Whether success is `201`: the operation creates a resource.
    public var makesResource: Bool {
        switch self {
        case .register, .createCategory, .createProduct, .checkoutCart, .placeOrder, .refund, .subscribePush, .createWebhookEndpoint,
            .pingWebhookEndpoint:
            true
        default: false
        }
    }
}

/// The values of `resource` in an operation.
public enum ResourceType: String, Sendable, CaseIterable, Encodable {
    case user, category, product, cart, order, payment, refund
    case pushSubscription = "push_subscription"
    case webhookEndpoint = "webhook_endpoint"
    case webhookDelivery = "webhook_delivery"
}
