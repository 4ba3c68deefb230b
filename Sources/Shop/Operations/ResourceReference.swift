public import Conveyor

/// The resource of an operation in the API.
public struct ResourceReference: Encodable, Sendable, Equatable {
    /// E.g. `order`.
    public let type: ResourceType
    /// Its id.
    public let id: ID
    /// Its path, e.g. `/api/v1/orders/…`.
    public let url: String
}

extension OperationID {
    /// The operation's resource; nil if it must not be revealed.
    public var reference: ResourceReference? {
        guard let type = self.kind.resourceType, let resource = self.resource else { return nil }
        let url =
            switch type {
            // Users see their own account without its id in the path.
            case .user: self.kind == .setAccountFlags ? "/api/v1/users/\(resource)" : "/api/v1/users/me"
            case .category: "/api/v1/categories/\(resource)"
            case .product: "/api/v1/products/\(resource)"
            case .cart: "/api/v1/cart"
            case .pushSubscription: "/api/v1/push-subscriptions"
            case .webhookEndpoint: "/api/v1/webhook-endpoints/\(resource)"
            case .webhookDelivery: "/api/v1/webhook-deliveries/\(resource)"
            case .order, .payment, .refund: "/api/v1/orders/\(resource)"
            }
        // A refund's id is its message's; its path is the order's.
        return ResourceReference(type: type, id: type == .refund ? self.messageID : resource, url: url)
    }
}
