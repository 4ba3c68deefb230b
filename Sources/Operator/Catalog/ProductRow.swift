import FoundationEssentials
import Shop

/// A product as a row of a file has it. An empty field is none: a new product gets the default, a known one keeps what it has.
struct ProductRow: Sendable, Equatable {
    /// Why a row is not taken.
    struct Refused: Error, Sendable, Equatable, Encodable {
        /// Of the file, from 1.
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
    /// Its slug.
    var category: String?
    var images: [String]?
    var isActive: Bool?
    var lowStockThreshold: Int?

    /// The names of the columns.
    static let columns = [
        "sku", "name", "description", "unit_amount", "currency", "stock_quantity", "category", "images", "is_active", "low_stock_threshold",
    ]

    /// Keeps to the limits of `POST /products`.
    /// - Parameter columns: of the file, in its order.
    init(_ record: CSVReader.Record, columns: [String]) throws(Refused) {
        let line = record.line
        guard record.fields.count == columns.count else {
            throw Refused(line: line, reason: "\(record.fields.count) fields, not \(columns.count)")
        }
        let values = Dictionary(zip(columns, record.fields)) { first, _ in first }
        let sku = values["sku"]
        func refused(_ reason: String) -> Refused { Refused(line: line, sku: sku, reason: reason) }
        func text(_ name: String, _ longest: Int) throws(Refused) -> String? {
            guard let value = values[name], !value.isEmpty else { return nil }
            guard value.unicodeScalars.count <= longest else { throw refused("\(name) has more than \(longest) characters") }
            guard !value.utf8.contains(0) else { throw refused("\(name) holds a NUL") }
            return value
        }
        func number(_ name: String, _ range: ClosedRange<Int64>) throws(Refused) -> Int64? {
            guard let value = values[name], !value.isEmpty else { return nil }
            guard let number = Int64(value), range.contains(number) else {
                throw refused("\(name) is no whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
        guard let given = try text("sku", 100) else { throw refused("sku is empty") }
        self.line = line
        self.sku = given
        self.name = try text("name", 200)
        self.description = try text("description", 10_000)
        self.unitAmount = try number("unit_amount", 0...1_000_000_000_000)
        self.currency = try text("currency", 3)?.lowercased()
        if let currency, currency.utf8.count != 3 || !currency.utf8.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }) {
            throw refused("currency is not of three letters")
        }
        self.stockQuantity = try number("stock_quantity", 0...Int64(Int32.max)).map { Int($0) }
        self.lowStockThreshold = try number("low_stock_threshold", 0...Int64(Int32.max)).map { Int($0) }
        self.category = try text("category", 200)
        self.images = try text("images", 20_000)?.split(separator: " ").map(String.init)
        if let image = self.images?.first(where: { !$0.hasPrefix("https://") && !$0.hasPrefix("http://") }) { throw refused("\(image) is no URL") }
        switch try text("is_active", 5)?.lowercased() {
        case nil: self.isActive = nil
        case "true", "1", "yes": self.isActive = true
        case "false", "0", "no": self.isActive = false
        default: throw refused("is_active is neither true nor false")
        }
    }

    /// The command that makes it.
    func create(category: ID?) throws(Refused) -> CreateProduct {
        guard let name else { throw Refused(line: self.line, sku: self.sku, reason: "name is empty, and there is no such product yet") }
        guard let unitAmount else { throw Refused(line: self.line, sku: self.sku, reason: "unit_amount is empty, and there is no such product yet") }
        return CreateProduct(
            sku: self.sku, name: name, description: self.description, unitAmount: unitAmount, currency: self.currency,
            stockQuantity: self.stockQuantity, categoryID: category, images: self.images, isActive: self.isActive,
            lowStockThreshold: self.lowStockThreshold)
    }

    /// The command that changes the one there is.
    func update(_ product: ID, category: ID?) -> UpdateProduct {
        UpdateProduct(
            productID: product, name: self.name, description: self.description, unitAmount: self.unitAmount, currency: self.currency,
            stockQuantity: self.stockQuantity, categoryID: category, images: self.images, isActive: self.isActive,
            lowStockThreshold: self.lowStockThreshold)
    }
}
