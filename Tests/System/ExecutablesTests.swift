import Fixtures
import Kit
import Testing

/// What every executable does before it reaches for a server.
@Suite struct ExecutablesTests {
    static let workers = ["orders-worker", "payments-worker", "inventory-worker", "email-worker", "accounts-worker"]

    private func run(_ name: String, _ arguments: String..., settings: [String: String] = [:]) throws -> ChildProcess {
        try ChildProcess(Repository.executable(name), arguments, environment: settings, inherits: false)
    }

    @Test(arguments: Self.workers) func `the version and the help exit with 0, and bad usage with 64`(name: String) async throws {
        let version = try self.run(name, "--version")
        #expect(try await version.waitForExit() == .status(0))
        #expect(version.standardOutput == ConveyorVersion.current + "\n")
        let help = try self.run(name, "--help")
        #expect(try await help.waitForExit() == .status(0))
        #expect(help.standardOutput.contains("DATABASE_URL"))
        #expect(try await self.run(name, "--no-such-option").waitForExit() == .status(64))
    }

    @Test(arguments: Self.workers) func `a setting that is missing exits with 78 and is named`(name: String) async throws {
        let worker = try self.run(name)
        #expect(try await worker.waitForExit() == .status(78))
        #expect(worker.standardError.hasPrefix("\(name): "))
        #expect(worker.standardError.filter { $0 == "\n" }.count == 1, "\(worker.standardError)")
        #expect(worker.standardError.contains("_URL"))
    }
}
