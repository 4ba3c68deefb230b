import Conveyor
import ConveyorOperator
import FoundationEssentials
import Shop

/// A product in a row of a file. An empty field is missing: a new product gets the default, a known one keeps its value.
struct ProductRow: Sendable, Equatable {
    /// An invalid row.
    struct Refused: Error, Sendable, Equatable, Encodable {
        /// The line in the file, from 1.
        var line: Int
        var sku: String?
        var reason: String
    }

    var line: Int
    var sku: String
    var name: String?
    var description: String?
    var unitAmount: Int64?
    var currency: String?
    var stockQuantity: Int?
    /// The category's slug.
    var category: String?
    var images: [String]?
    var isActive: Bool?
    var lowStockThreshold: Int?

    /// The names of the columns.
    static let columns = [
        "sku", "name", "description", "unit_amount", "currency", "stock_quantity", "category", "images", "is_active", "low_stock_threshold",
    ]

    /// Reads what `POST /products` accepts, by the same rules.
    /// - Parameter columns: the file's columns, in order.
    init(_ record: CSVReader.Record, columns: [String]) throws(Refused) {
        let line = record.line
        guard record.fields.count == columns.count else {
            throw Refused(line: line, reason: "\(record.fields.count) fields, not \(columns.count)")
        }
        let values = Dictionary(zip(columns, record.fields)) { first, _ in first }
        let sku = values["sku"].flatMap { try? Rule.sku.read($0) }
        func refused(_ reason: String) -> Refused { Refused(line: line, sku: sku, reason: reason) }
        func value<Value>(_ name: String, _ value: Value, _ rule: Rule<Value>) throws(Refused) -> Value {
            do throws(Violation) { return try rule.read(value) } catch { throw refused("\(name) \(error.message)") }
        }
        func text(_ name: String, _ rule: Rule<String>) throws(Refused) -> String? {
            guard let text = values[name], !text.isEmpty else { return nil }
            return try value(name, text, rule)
        }
        func number<Number: FixedWidthInteger & Sendable>(_ name: String, _ rule: Rule<Number>) throws(Refused) -> Number? {
            guard let text = values[name], !text.isEmpty else { return nil }
            guard let number = Number(whole: text) else { throw refused("\(name) must be an integer") }
            return try value(name, number, rule)
        }
        guard let given = try text("sku", .sku) else { throw refused("sku is empty") }
        self.line = line
        self.sku = given
        self.name = try text("name", .title)
        self.description = try text("description", .description)
        self.unitAmount = try number("unit_amount", .unitAmount)
        self.currency = try text("currency", .currency)
        self.stockQuantity = try number("stock_quantity", .count)
        self.lowStockThreshold = try number("low_stock_threshold", .count)
        self.category = values["category"].flatMap { $0.isEmpty ? nil : $0 }
        let images = values["images"]?.split(separator: " ").map(String.init) ?? []
        self.images = images.isEmpty ? nil : try value("images", images, .images)
        switch values["is_active"]?.lowercased() {
        case nil, "": self.isActive = nil
        case "true", "1", "yes": self.isActive = true
        case "false", "0", "no": self.isActive = false
        default: throw refused("is_active is neither true nor false")
        }
        if let unitAmount, let refusal = self.currency.flatMap({ Currency($0) })?.refusal(of: unitAmount) {
            throw refused("unit_amount \(refusal)")
        }
    }

    /// The command that creates the product.
    func create(category: ID?) throws(Refused) -> CreateProduct {
        guard let name else { throw Refused(line: self.line, sku: self.sku, reason: "name is empty, and there is no such product yet") }
        guard let unitAmount else { throw Refused(line: self.line, sku: self.sku, reason: "unit_amount is empty, and there is no such product yet") }
        return CreateProduct(
            sku: self.sku, name: name, description: self.description, unitAmount: unitAmount, currency: self.currency,
            stockQuantity: self.stockQuantity, categoryID: category, images: self.images, isActive: self.isActive,
            lowStockThreshold: self.lowStockThreshold)
    }

    /// The command that changes the existing product.
    func update(_ product: ID, category: ID?) -> UpdateProduct {
        UpdateProduct(
            productID: product, name: self.name, description: self.description, unitAmount: self.unitAmount, currency: self.currency,
            stockQuantity: self.stockQuantity, categoryID: category, images: self.images, isActive: self.isActive,
            lowStockThreshold: self.lowStockThreshold)
    }
}
