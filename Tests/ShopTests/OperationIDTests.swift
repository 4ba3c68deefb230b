import Conveyor
import Shop
import Testing

struct OperationIDTests {
    private let key = OperationKey(secret: "a secret of at least 32 characters, as it must be")
    private static let message = ID.v7(milliseconds: 1)
    private static let actor = ID.v7(milliseconds: 2)
    private static let other = ID.v7(milliseconds: 3)

    private static let resources: [ID?] = [nil, Self.message, Self.actor, Self.other]

    @Test(arguments: [Self.actor, nil], Self.resources)
    func `an operation's id survives a round trip as text`(_ actor: ID?, _ resource: ID?) {
        for kind in OperationKind.allCases {
            let operation = OperationID(kind: kind, messageID: Self.message, actor: actor, resource: resource)
            let text = operation.text(key: self.key)
            #expect(text.hasPrefix("op_"))
            #expect(text.utf8.count <= 128)
            #expect(OperationID(text, keys: [self.key]) == operation)
        }
    }

    @Test func `the same operation has the same text each time`() {
        let operation = OperationID(kind: .placeOrder, messageID: Self.message, actor: Self.actor, resource: Self.message)
        #expect(operation.text(key: self.key) == operation.text(key: self.key))
    }

    @Test func `no character of it can be changed, added or removed`() {
        let text = OperationID(kind: .placeOrder, messageID: Self.message, actor: Self.actor, resource: Self.other).text(key: self.key)
        for index in text.indices {
            for other in "A9-_ \u{e9}" where other != text[index] {
                var forged = text
                forged.replaceSubrange(index...index, with: [other])
                #expect(OperationID(forged, keys: [self.key]) == nil, "\(forged)")
            }
            var shorter = text
            shorter.remove(at: index)
            #expect(OperationID(shorter, keys: [self.key]) == nil)
        }
        #expect(OperationID(text + "A", keys: [self.key]) == nil)
        #expect(OperationID(text + "=", keys: [self.key]) == nil)
        #expect(OperationID(String(repeating: text, count: 1000), keys: [self.key]) == nil)
        for short in ["", "op_", "op_A", "op_AAAA"] { #expect(OperationID(short, keys: [self.key]) == nil) }
    }

    @Test func `a rotated key is accepted only while it is listed`() {
        let previous = OperationKey(secret: "the secret of last year, which was as long")
        let operation = OperationID(kind: .registerAccount, messageID: Self.message, actor: nil, resource: Self.message)
        let text = operation.text(key: previous)
        #expect(OperationID(text, keys: [self.key, previous]) == operation)
        #expect(OperationID(text, keys: [self.key]) == nil)
        #expect(OperationID(text, keys: []) == nil)
    }

    @Test func `each kind is a command of the API, with a unique number`() throws {
        for kind in OperationKind.allCases {
            let type = try #require(MessageCatalogue[kind.type], "\(kind)")
            #expect(type.exchange == "commands")
        }
        #expect(Set(OperationKind.allCases.map(\.type)).count == OperationKind.allCases.count)
        for (number, type) in Self.issued { #expect(OperationKind(rawValue: number)?.type == type.type) }
    }

    /// Issued numbers never change.
    private static let issued: KeyValuePairs<UInt8, any Message.Type> = [
        1: RegisterAccount.self, 2: UpdateProfile.self, 3: ChangePassword.self, 4: RequestPasswordReset.self, 5: ResetPassword.self,
        6: RevokeTokens.self, 7: SetAccountFlags.self, 8: EraseAccount.self, 9: VerifyEmail.self, 10: EndSession.self, 11: SubscribePush.self,
        12: UnsubscribePush.self, 16: CreateCategory.self, 17: UpdateCategory.self, 18: DeleteCategory.self, 19: CreateProduct.self,
        20: UpdateProduct.self, 21: ArchiveProduct.self, 22: AdjustStock.self, 32: SetCartItem.self, 33: ClearCart.self, 34: CheckoutCart.self,
        35: PlaceOrder.self, 36: CancelOrder.self, 37: ShipOrder.self, 38: CompleteOrder.self, 48: CreateIntent.self, 49: ConfirmPayment.self,
        50: RefundPayment.self, 64: CreateWebhookEndpoint.self, 65: UpdateWebhookEndpoint.self, 66: DeleteWebhookEndpoint.self,
        67: RotateWebhookSecret.self, 68: PingWebhookEndpoint.self, 69: RedeliverWebhook.self,
    ]

    @Test func `only a password reset hides its resource`() {
        let kinds = Self.issued.compactMap { OperationKind(rawValue: $0.key) }
        #expect(kinds.filter { $0.resourceType == nil } == [.requestPasswordReset, .resetPassword])
        #expect(
            kinds.filter(\.makesResource)
                == [
                    .registerAccount, .subscribePush, .createCategory, .createProduct, .checkoutCart, .placeOrder, .refundPayment,
                    .createWebhookEndpoint, .pingWebhookEndpoint,
                ])
    }
}
