import Conveyor
import FoundationEssentials
import Postgres
import RabbitMQ
import Transfer

/// Checks everything that Conveyor depends on, one after the other, even after failures.
struct Doctor: Sendable {
    let context: CommandContext

    var settings: Settings { self.context.settings }
    var application: OperatorApplication { self.context.application }

    /// All results, in order of importance.
    func examine() async -> [Diagnosis] {
        var findings = self.examineSettings() + Self.examineLibraries()
        let database = await self.examineDatabase()
        findings += database
        findings += await self.examineBroker(hasDatabase: !database.contains { $0.check == "database" && $0.verdict == .failed })
        findings += await self.examineNeighbours()
        return findings
    }

    // MARK: Settings and libraries

    private func examineSettings() -> [Diagnosis] {
        do {
            let environment = try self.settings.environment()
            var missing: [String] = []
            for setting: Setting in (["DATABASE_URL", "RABBITMQ_API"] as [Setting]) + self.application.checks.settings
            where !self.settings.isSet(setting) {
                missing.append(setting.name)
            }
            if !self.settings.isSet("AMQP_URL"), !self.settings.isSet("AMQP_URLS") { missing.append("AMQP_URL") }
            _ = try RetryLadder(self.settings)
            try self.application.checks.checkSettings(self.settings)
            if missing.contains(where: { ["DATABASE_URL", "AMQP_URL", "RABBITMQ_API"].contains($0) }) {
                return [
                    .failed(
                        "settings", "\(missing.joined(separator: ", ")) not set",
                        "pass --env-file FILE (in a checkout .local/env), or set them; see --help")
                ]
            }
            if !missing.isEmpty {
                return [
                    .warning(
                        "settings", "\(missing.joined(separator: ", ")) not set", "set them, where the parts that need them take theirs from here")
                ]
            }
            return [.ok("settings", environment.rawValue)]
        } catch {
            return [.failed("settings", "\(error)", "set it right; see --help for what it is")]
        }
    }

    private static func examineLibraries() -> [Diagnosis] {
        let rabbit = BrokerConfiguration.libraryVersion
        let (curl, tls) = HTTPClient.libraryVersion
        let libpq = PostgresPool.libraryVersion
        let detail =
            "librabbitmq \(rabbit), libpq \(libpq / 10_000).\(libpq % 10_000), libcurl \(curl) with \(tls), conveyor \(ConveyorVersion.current)"
        // Pipelines came with libpq 14, CURLOPT_PROTOCOLS_STR with libcurl 7.85.
        guard Version(rabbit) >= Version("0.11"), libpq >= 140_000, Version(curl) >= Version("7.85") else {
            return [
                .failed("libraries", detail, "Conveyor needs librabbitmq 0.11, libpq 14 and libcurl 7.85 or later: upgrade the system's packages")
            ]
        }
        return [.ok("libraries", detail)]
    }

    // MARK: Services

    /// The services that the application calls, and the ports on this machine.
    private func examineNeighbours() async -> [Diagnosis] {
        let client = try? HTTPClient(userAgent: "conveyor/\(ConveyorVersion.current)", caFile: self.settings.string("TLS_CA_FILE"))
        guard let client else { return [.failed("TLS_CA_FILE", "cannot be read, or holds no certificate", "name a file of PEM certificates")] }
        return await self.application.checks.services(self.settings, client)
    }
}

/// A version of numbers and dots, for comparison.
struct Version: Comparable, Sendable {
    private let numbers: [Int]

    init(_ text: String) {
        self.numbers = text.prefix { $0.isNumber || $0 == "." }.split(separator: ".").map { Int($0) ?? 0 }
    }

    static func < (left: Version, right: Version) -> Bool { left.numbers.lexicographicallyPrecedes(right.numbers) }
}
