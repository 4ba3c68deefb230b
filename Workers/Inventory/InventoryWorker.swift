import ArgumentParser
import Conveyor
import Shop

@main
struct InventoryWorker: AsyncParsableCommand {
    static let configuration = Part.configuration(
        "inventory-worker", "Keeps the catalogue and the stock: consumes `inventory`.", settings: .plainWorkers, of: .shop)

    @OptionGroup var options: PartOptions

    func run() async throws {
        try await WorkerPart.run(queue: "inventory", of: .shop, options: self.options) { part in
            let threshold = try part.settings.int("LOW_STOCK_THRESHOLD", in: 0...StockLedger.limit)
            let currency = try part.settings.currency()
            part.handle(Self.handlers(currency: currency, lowStockThreshold: threshold))
        }
    }

    /// The handlers of all consumed messages.
    /// - Parameters:
    ///   - currency: the default currency: ISO 4217, lower case.
    ///   - lowStockThreshold: the default threshold.
    static func handlers(currency: String, lowStockThreshold: Int) -> [any Handler] {
        [
            ReserveStockHandler(lowStockThreshold: lowStockThreshold), ReleaseStockHandler(lowStockThreshold: lowStockThreshold),
            OrderPaidHandler(), StaffOnly(AdjustStockHandler(lowStockThreshold: lowStockThreshold)),
            StaffOnly(CreateCategoryHandler()), StaffOnly(UpdateCategoryHandler()), StaffOnly(DeleteCategoryHandler()),
            StaffOnly(CreateProductHandler(currency: currency, lowStockThreshold: lowStockThreshold)),
            StaffOnly(UpdateProductHandler(lowStockThreshold: lowStockThreshold)), StaffOnly(ArchiveProductHandler()),
        ]
    }
}
