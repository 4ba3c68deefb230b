public import Conveyor
import Topology

/// All message types: a test compares this list with `topology/asyncapi.yaml`, and tools use it to decode messages of any type.
public enum MessageCatalogue {
    /// Commands first, by queue; then events.
    public static let all: [any Message.Type] = [
        RegisterAccount.self, UpdateProfile.self, ChangePassword.self, RequestPasswordReset.self, ResetPassword.self, VerifyEmail.self,
        RevokeTokens.self, RenewSession.self, EndSession.self, SetAccountFlags.self, EraseAccount.self, SubscribePush.self, UnsubscribePush.self,

        CreateCategory.self, UpdateCategory.self, DeleteCategory.self, CreateProduct.self, UpdateProduct.self, ArchiveProduct.self,
        AdjustStock.self, ReserveStock.self, ReleaseStock.self,

        SetCartItem.self, ClearCart.self, CheckoutCart.self, PlaceOrder.self, CancelOrder.self, ShipOrder.self, CompleteOrder.self,
        ExpireOrder.self,

        CreateIntent.self, ConfirmPayment.self, RefundPayment.self, CancelIntent.self, StripeEvent.self, ReconcilePayment.self,

        SendEmail.self, SendPush.self,

        CreateWebhookEndpoint.self, UpdateWebhookEndpoint.self, DeleteWebhookEndpoint.self, RotateWebhookSecret.self, PingWebhookEndpoint.self,
        RedeliverWebhook.self, SwitchOffWebhookEndpoint.self,

        AccountRegistered.self, AccountUpdated.self, AccountErased.self,
        CatalogChanged.self, StockReserved.self, StockRefused.self, StockReleased.self, StockLow.self,
        CartChanged.self, OrderPlaced.self, OrderAwaitingPayment.self, OrderRejected.self, OrderPaid.self, OrderShipped.self,
        OrderCompleted.self, OrderCancelled.self, OrderExpired.self,
        PaymentIntentCreated.self, PaymentProcessing.self, PaymentSucceeded.self, PaymentFailed.self, PaymentCanceled.self,
        PaymentRefunded.self, PaymentRefundFailed.self, PaymentDisputed.self,
        OperationFinished.self, IngressBeat.self, CacheClear.self,
    ]

    private static let byType: [String: any Message.Type] = Dictionary(uniqueKeysWithValues: all.map { ($0.type, $0) })

    /// The workers whose commands are defined in their own folders alone.
    private static let privateQueues = Set(Topology.workers.map(\.name)).subtracting(all.map { $0.type.prefix { $0 != "." } }.map(String.init))

    /// The type with a name, e.g. `orders.place`; nil if there is none. Of a worker whose commands are not listed here, every command is ``PrivateCommand``.
    public static subscript(type: String) -> (any Message.Type)? {
        self.byType[type] ?? (self.privateQueues.contains(String(type.prefix { $0 != "." })) && type.contains(".") ? PrivateCommand.self : nil)
    }
}

/// A command that only the worker of its queue can read: some JSON object.
struct PrivateCommand: Command {
    static let type = "*"

    private let fields: [String: JSONValue]

    init(from decoder: any Decoder) throws { self.fields = try decoder.singleValueContainer().decode([String: JSONValue].self) }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.fields)
    }
}
