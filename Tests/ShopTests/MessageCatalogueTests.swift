import Conveyor
import Shop
import Testing
import Topology

struct MessageCatalogueTests {
    @Test func `each type is listed once and found by its name`() {
        for type in MessageCatalogue.all { #expect(MessageCatalogue[type.type] == type) }
        #expect(Set(MessageCatalogue.all.map { $0.type }).count == MessageCatalogue.all.count)
        #expect(MessageCatalogue["orders.unheard_of"] == nil)
    }

    @Test(arguments: MessageCatalogue.all.map { $0.type })
    func `a type has two words in snake_case, and a command's first one names its queue`(_ name: String) throws {
        let type = try #require(MessageCatalogue[name])
        #expect(name.split(separator: ".", omittingEmptySubsequences: false).count == 2)
        #expect(name.allSatisfy { "._".contains($0) || ("a"..."z").contains($0) })
        let isCommand = Topology.workers.contains { name.hasPrefix("\($0.name).") }
        #expect(type.exchange == (isCommand ? "commands" : "events"))
        #expect(type.schema >= 1)
    }

    @Test func `the messages of the contract exist`() {
        let promised = """
            accounts.register accounts.update_profile accounts.change_password accounts.request_password_reset accounts.reset_password \
            accounts.verify_email accounts.revoke_tokens accounts.set_flags accounts.erase \
            inventory.create_category inventory.update_category inventory.delete_category inventory.create_product inventory.update_product \
            inventory.archive_product inventory.adjust_stock inventory.reserve inventory.release \
            orders.set_cart_item orders.clear_cart orders.checkout_cart orders.place orders.cancel orders.ship orders.complete orders.expire \
            payments.create_intent payments.confirm payments.refund payments.cancel_intent payments.stripe_event payments.reconcile email.send \
            account.registered account.updated account.erased catalog.changed stock.reserved stock.refused stock.released stock.low cart.changed \
            order.placed order.awaiting_payment order.rejected order.paid order.shipped order.completed order.cancelled order.expired \
            payment.intent_created payment.processing payment.succeeded payment.failed payment.refunded payment.refund_failed payment.disputed \
            operation.finished
            """
        let missing = promised.split(separator: " ").filter { MessageCatalogue[String($0)] == nil }
        #expect(missing == [])
    }
}
