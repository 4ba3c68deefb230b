import ArgumentParser
import Conveyor
import ConveyorOperator
import FoundationEssentials
import Postgres
import Shop

/// `conveyor orders show ID`
struct OrdersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "orders", abstract: "Show orders.", subcommands: [Show.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show an order: lines, payments, refunds and timeline.")

        @Argument(help: "Order id or number.") var id: String
        @Flag(help: "Print a JSON object.") var json = false
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                guard let order = try await context.withDatabase({ try await OrderStore(pool: $0).find(self.id) }) else {
                    throw NothingFound("no order \(self.id.onOneLine)")
                }
                if self.json { Terminal.print(json: order.json) } else { try order.print() }
            }
        }
    }
}

extension OrderStore.Found {
    /// The fields of ``json`` for the table.
    private struct Sheet: Decodable {
        struct Item: Decodable {
            var sku: String
            var name: String
            var quantity: Int
            var unitAmount: Int64
            var amount: Int64
            enum CodingKeys: String, CodingKey {
                case sku, name, quantity
                case unitAmount = "unit_amount"
                case amount
            }
        }
        struct Payment: Decodable {
            var paymentIntentID: String
            var status: String
            var amount: Int64
            var failureCode: String?
            enum CodingKeys: String, CodingKey {
                case paymentIntentID = "payment_intent_id"
                case status, amount
                case failureCode = "failure_code"
            }
        }
        struct Refund: Decodable {
            var refundID: String
            var status: String
            var amount: Int64
            enum CodingKeys: String, CodingKey {
                case refundID = "refund_id"
                case status, amount
            }
        }
        struct Rejection: Decodable { var detail: String }

        var number: String
        var userID: ID
        var status: String
        var paymentStatus: String
        var currency: String
        var totalAmount: Int64
        var amountRefunded: Int64
        var disputed: Bool
        var items: [Item]
        var payments: [Payment]
        var refunds: [Refund]
        var rejection: Rejection?
        var paymentDueAt: String?

        enum CodingKeys: String, CodingKey {
            case number
            case userID = "user_id"
            case status
            case paymentStatus = "payment_status"
            case currency
            case totalAmount = "total_amount"
            case amountRefunded = "amount_refunded"
            case disputed, items, payments, refunds, rejection
            case paymentDueAt = "payment_due_at"
        }
    }

    /// `reason: changed my mind, payment_intent_id: pi_1`
    private static func text(_ detail: JSONText) -> String {
        guard let members = try? JSON.decode(JSONValue.self, from: detail.bytes).members else { return String(decoding: detail.bytes, as: UTF8.self) }
        return members.filter { $0.value != .null }.sorted { $0.key < $1.key }.map { name, value in
            "\(name): \(value.string ?? (try? JSON.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "")"
        }.joined(separator: ", ")
    }

    fileprivate func print() throws {
        let sheet = try JSON.decode(Sheet.self, from: self.json)
        func money(_ amount: Int64) -> String { Money(amount, sheet.currency).description }
        Swift.print(
            Terminal.output.styled("order \(sheet.number), \(sheet.status) (payment: \(sheet.paymentStatus))", .bold)
                + (sheet.disputed ? ", disputed" : ""))
        var fields = FieldList()
        fields.add("id", self.id.description)
        fields.add("user", sheet.userID.description)
        fields.add("total", money(sheet.totalAmount))
        fields.add("refunded", sheet.amountRefunded > 0 ? money(sheet.amountRefunded) : nil)
        fields.add("rejected", sheet.rejection?.detail, .yellow)
        fields.add("payment due", sheet.status == "awaiting_payment" ? sheet.paymentDueAt : nil)
        fields.add("all of it", TypedCommand.text("trace \(sheet.number)"))
        fields.print()

        Terminal.section("Lines")
        var lines = Table(.text("SKU"), .long("NAME"), .number("QUANTITY"), .number("EACH"), .number("AMOUNT"))
        for item in sheet.items {
            lines.add(
                Table.Cell(item.sku), Table.Cell(item.name), Table.Cell("\(item.quantity)"), Table.Cell(money(item.unitAmount)),
                Table.Cell(money(item.amount)))
        }
        lines.print()
        if !sheet.payments.isEmpty || !sheet.refunds.isEmpty {
            Terminal.section("Money")
            var table = Table(.text("ID"), .text("STATUS"), .number("AMOUNT"), .text(""))
            for payment in sheet.payments {
                table.add(
                    Table.Cell(payment.paymentIntentID), Table.Cell(payment.status), Table.Cell(money(payment.amount)),
                    Table.Cell(payment.failureCode ?? ""))
            }
            for refund in sheet.refunds {
                table.add(Table.Cell(refund.refundID), Table.Cell(refund.status), Table.Cell(money(-refund.amount)), "refund")
            }
            table.print()
        }
        Terminal.section("Timeline")
        var table = Table(.text("AT"), .text("EVENT"), .text("STATUS"), .text("ACTOR"), .long("DETAIL", least: 16))
        for entry in self.timeline {
            table.add(
                Table.Cell(Timestamp.string(entry.at)), Table.Cell(entry.type), Table.Cell(entry.status), Table.Cell(entry.actor),
                Table.Cell(entry.detail.map(Self.text) ?? ""))
        }
        table.print()
    }
}
