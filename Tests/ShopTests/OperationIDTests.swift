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
        let operation = OperationID(kind: .register, messageID: Self.message, actor: nil, resource: Self.message)
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
        // Issued numbers never change.
        #expect(
            OperationKind.allCases.map(\.rawValue) == [
                1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16, 17, 18, 19, 20, 21, 22, 32, 33, 34, 35, 36, 37, 38, 48, 49, 50, 64, 65,
                66, 67, 68, 69,
            ])
    }

    @Test func `only a password reset hides its resource`() {
        #expect(OperationKind.allCases.filter { $0.resourceType == nil } == [.requestPasswordReset, .resetPassword])
        #expect(
            OperationKind.allCases.filter(\.makesResource)
                == [
                    .register, .subscribePush, .createCategory, .createProduct, .checkoutCart, .placeOrder, .refund, .createWebhookEndpoint,
                    .pingWebhookEndpoint,
                ])
    }
}
