import ArgumentParser
import Kit

@main
struct InventoryWorker: AsyncParsableCommand {
    static let configuration = Part.configuration(
        "inventory-worker", "Keeps the catalogue and the stock: consumes `inventory`.", settings: .plainWorkers)

    @OptionGroup var options: PartOptions

    func run() async throws {
        try await WorkerPart.run(queue: "inventory", options: self.options) { part in
            let threshold = try part.settings.int("LOW_STOCK_THRESHOLD", in: 0...StockLedger.limit)
            let currency = try part.settings.require("CURRENCY")
            part.handle(
                ReserveStockHandler(lowStockThreshold: threshold), ReleaseStockHandler(lowStockThreshold: threshold), OrderPaidHandler(),
                AdjustStockHandler(lowStockThreshold: threshold))
            part.handle(CreateCategoryHandler(), UpdateCategoryHandler(), DeleteCategoryHandler())
            part.handle(
                CreateProductHandler(currency: currency, lowStockThreshold: threshold), UpdateProductHandler(lowStockThreshold: threshold),
                ArchiveProductHandler())
        }
    }
}
