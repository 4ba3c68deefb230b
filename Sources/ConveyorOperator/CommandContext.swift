import ArgumentParser
public import Conveyor
public import Logging
public import Postgres
public import RabbitMQ
import ServiceLifecycle
import Transfer

/// The requested object does not exist: one line on standard error, exit 1.
public struct NothingFound: Error, CustomStringConvertible {
    /// The text of the line.
    public let description: String

    /// An object that does not exist.
    public init(_ description: String) { self.description = description }
}

/// The context of a running command: connections that are opened on demand and closed at its end.
public struct CommandContext: Sendable {
    /// The application whose command it is.
    public let application: OperatorApplication
    /// The settings.
    public let settings: Settings
    /// Writes to standard error.
    public let logger: Logger

    /// Runs a command with its settings.
    /// - Throws: `ExitCode`, after one line on standard error.
    public static func open(_ options: PartOptions, _ body: (CommandContext) async throws -> Void) async throws {
        let application = OperatorApplication.current
        try await Part.perform(application.name, of: application.conveyor, options: options, log: .standardError) { settings, logger in
            var logger = logger
            // Connections that come and go are not of interest here.
            if options.logLevel == nil, !settings.isSet("LOG_LEVEL") { logger.logLevel = .warning }
            do {
                try await body(CommandContext(application: application, settings: settings, logger: logger))
            } catch let refused as Principal.Refused {
                StandardStreams.complain("\(application.name): \(refused)\n")
                throw ExitStatus.refused
            }
        }
    }

    /// The database, with the role in `DATABASE_URL`.
    public func withDatabase<Value: Sendable>(
        statementTimeout: Duration = .seconds(60), _ body: (PostgresPool) async throws -> Value
    ) async throws -> Value {
        let pool = try PostgresPool(
            url: self.settings.databaseURL(), size: 4, applicationName: "conveyor", statementTimeout: statementTimeout, logger: self.logger)
        do {
            try await pool.waitUntilReachable(timeout: self.settings.seconds("START_TIMEOUT"))
        } catch let error as PostgresError {
            await pool.close()
            throw Unavailable("database: \(error)")
        }
        do {
            let value = try await body(pool)
            await pool.close()
            return value
        } catch {
            await pool.close()
            throw error
        }
    }

    /// A connected publisher.
    public func withPublisher<Value: Sendable>(_ body: (Publisher) async throws -> Value) async throws -> Value {
        let publisher = Publisher(configuration: try self.brokerConfiguration(), logger: self.logger)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await publisher.run() }
            defer { group.cancelAll() }
            do {
                try await publisher.waitUntilConnected(timeout: self.settings.seconds("START_TIMEOUT"))
            } catch let error as BrokerError {
                throw Unavailable("broker: \(error)")
            }
            return try await body(publisher)
        }
    }

    /// The application's topology, with the retry schedule of the settings.
    /// - Throws: `SettingError`.
    public func topology() throws(SettingError) -> Definitions { try self.application.topology(self.settings) }

    /// The broker's address.
    public func brokerConfiguration() throws -> BrokerConfiguration {
        try BrokerConfiguration(
            urls: self.settings.brokerURLs(), connectionName: "conveyor", tlsCAFile: self.settings.string("TLS_CA_FILE"))
    }

    /// The broker's management API.
    public func managementAPI() throws -> ManagementAPI {
        try ManagementAPI(self.settings)
    }
}
