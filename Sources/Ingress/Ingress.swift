import ArgumentParser
import Conveyor
import Shop

/// The HTTP API: publishes every write, waits for the broker's confirm, and reads the rows that the workers write.
@main
struct Ingress: AsyncParsableCommand {
    static let configuration = Part.configuration("ingress", "Conveyor's HTTP API.", settings: .ingress, of: .shop)

    @OptionGroup var options: PartOptions

    func run() async throws {
        try await Part.run("ingress", of: .shop, options: self.options) { settings, logger in
            try await Composition(settings: settings, logger: logger).build().services
        }
    }
}
