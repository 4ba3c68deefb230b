public import Conveyor

/// What an operation is about, as its clients see it.
public struct ResourceReference: Encodable, Sendable, Equatable {
    /// E.g. `order`.
    public let type: ResourceType
    /// Its id.
    public let id: ID
    /// Where it is to be seen, e.g. `/api/v1/orders/…`.
    public let url: String
}

extension OperationID {
    /// What the operation is about; nil where that must not be told.
    public var reference: ResourceReference? {
        guard let type = self.kind.resourceType, let resource = self.resource else { return nil }
        let url =
            switch type {
            // Whoever changes one's own account sees it without its id.
            case .user: self.kind == .setAccountFlags ? "/api/v1/users/\(resource)" : "/api/v1/users/me"
            case .category: "/api/v1/categories/\(resource)"
            case .product: "/api/v1/products/\(resource)"
            case .cart: "/api/v1/cart"
            case .pushSubscription: "/api/v1/push-subscriptions"
            case .order, .payment, .refund: "/api/v1/orders/\(resource)"
            }
        // A refund's own id is its message's; where it is to be seen is its order.
        return ResourceReference(type: type, id: type == .refund ? self.messageID : resource, url: url)
    }
}
