import ArgumentParser
import Conveyor
import Glibc
import Shop

/// A worker of the queue `tests` that counts, which the tests run as a process and kill.
@main
struct ExampleWorker: AsyncParsableCommand {
    static let configuration = Part.configuration("tests-worker", "A worker for tests.", settings: .plainWorkers, of: .shop)

    @OptionGroup var options: PartOptions

    func run() async throws {
        try await WorkerPart.run(queue: "tests", of: .shop, options: self.options) { part in
            part.handle(
                TallyHandler { received in
                    // A crash, which no handler can catch.
                    if received.payload.number == Tally.crash { abort() }
                })
        }
    }
}
