import Conveyor
import ConveyorOperator
import Postgres
import Shop
import Topology

extension OperatorApplication {
    /// The shop as its operators see it: commands, pages, books, checks and the rest that only a shop has.
    static let shop: OperatorApplication = {
        var shop = OperatorApplication(.shop, messages: MessageCatalogue.all)
        shop.errorTypes = ErrorType.all
        shop.subjectType = "order"
        shop.createsAllTables = true
        shop.commands = [
            OperationsCommand.self, OrdersCommand.self, PaymentsCommand.self, WebhooksCommand.self, CatalogCommand.self, CacheCommand.self,
            UsersCommand.self, SampleCommand.self, MailCommand.self, NewCommand.self,
        ]
        shop.console.sections = [.init(path: "/webhooks", name: "Webhooks")]
        shop.console.templates = [
            "customer": String(decoding: PackageResources.customer_mustache, as: UTF8.self),
            "search_help": String(decoding: PackageResources.search_help_mustache, as: UTF8.self),
        ]
        shop.console.pages = { console, router in
            WebhooksPage(pool: console.pool, publisher: console.publisher, renderer: console.renderer).add(to: router)
            CustomerPage(pool: console.pool, renderer: console.renderer).add(to: router)
        }
        shop.traces = ShopTraces.extension
        shop.search.abstract = "Find orders, customers, products and messages."
        shop.search.discussion = """
            Takes an order number (#1002), an e-mail address, a customer's name, a SKU, a product name, or the id of an order, operation, message or Stripe \
            object.
            """
        shop.search.hint = "#1002, e-mail, id"
        shop.search.traceKind = { $0.hasPrefix("op_") ? "operation" : "message" }
        shop.search.hits = { try await ShopSearch.hits($0, in: $1) }
        shop.verification.abstract = "Check that no message, unit of stock or cent is lost (reconciliation)."
        shop.verification.discussion = """
            Stock: received = available + reserved + sold. Money, in minor units: what orders say agrees with what was received and given back.
            """
        shop.verification.books = [StockBook.self, MoneyBook.self, DeliveryBook.self]
        shop.verification.actors = { messages, pool in
            let rows = try await pool.query("select message_id, actor from order_events where message_id = any($1)", messages)
            return Dictionary(try rows.decode((ID, String).self).map { ($0.0, $0.1) }) { first, _ in first }
        }
        shop.checks = ShopChecks.extension
        // A new worker comes without a migration.
        shop.afterMigrations = { pool in for worker in Topology.workers { try await pool.query("select make_worker_role($1)", worker.name) } }
        shop.recorderServices = { [ExpiryLag(pool: $0, logger: $1)] }
        return shop
    }()
}

extension Act {
    /// Do what a frontend could also do: import products, reconcile payments, clear caches.
    static let operate = Act("change the shop", least: .operator)
}
