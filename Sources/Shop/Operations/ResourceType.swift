/// The values of `resource` in an operation.
public enum ResourceType: String, Sendable, CaseIterable, Encodable {
    case user, category, product, cart, order, payment, refund
    case pushSubscription = "push_subscription"
    case webhookEndpoint = "webhook_endpoint"
    case webhookDelivery = "webhook_delivery"
}
