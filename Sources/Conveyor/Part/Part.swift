public import ArgumentParser
import Dispatch
import Glibc
public import Logging
public import ServiceLifecycle
import UnixSignals

/// Runs an executable: settings, log and metrics first, then its services until SIGTERM or SIGINT, then an exit status.
///
///     @main
///     struct IngressCommand: AsyncParsableCommand {
///         static let configuration = Part.configuration("ingress", "Conveyor's HTTP API.", settings: .ingress, of: .shop)
///         @OptionGroup var options: PartOptions
///         func run() async throws { try await Part.run("ingress", of: .shop, options: self.options) { settings, logger in [...] } }
///     }
///
/// Signals: SIGTERM and SIGINT end it gracefully; SIGUSR1 makes the log one level more detailed, SIGUSR2 sets it back to `LOG_LEVEL`.
public enum Part {
    /// The time limit of a graceful end; services that are still running are then cancelled.
    static let grace: Duration = .seconds(27)
    /// The time after the signal at which the process ends, even if cancelled services do not.
    static let limit: Duration = .seconds(30)

    /// The name, abstract, version and settings that `--help` and `--version` show.
    public static func configuration(
        _ name: String, _ abstract: String, settings readers: Setting.Readers, of application: ConveyorApplication,
        subcommands: [any ParsableCommand.Type] = [], defaultSubcommand: (any ParsableCommand.Type)? = nil
    ) -> CommandConfiguration {
        CommandConfiguration(
            commandName: name, abstract: abstract, discussion: application.help(for: readers), version: ConveyorVersion.full,
            subcommands: subcommands, defaultSubcommand: defaultSubcommand)
    }

    /// Runs a process until SIGTERM or SIGINT.
    /// - Parameters:
    ///   - name: the executable's, in each log line.
    ///   - start: creates the services in the order of their dependencies: they end in reverse order, one after the other.
    ///
    /// Ends the process: with 0, or after one line on standard error with 78 for a `SettingError`, 69 for `Unavailable`, 1 for anything else.
    /// - Throws: only a usage error.
    public static func run(
        _ name: String, of application: ConveyorApplication, options: PartOptions,
        start: @escaping @Sendable (Settings, Logger) async throws -> [any Service]
    ) async throws {
        var status = ExitCode.success
        do {
            try await self.serve(name, of: application, options: options, start: start)
        } catch let code as ExitCode {
            status = code
        }
        // Threads may still be connecting. exit(3) runs cleanup handlers, OpenSSL's in particular, that would free their memory.
        _exit(status.rawValue)
    }

    private static func serve(
        _ name: String, of application: ConveyorApplication, options: PartOptions,
        start: @escaping @Sendable (Settings, Logger) async throws -> [any Service]
    ) async throws {
        try await self.perform(name, of: application, options: options) { settings, logger in
            Metrics.running(part: name)
            PrometheusMetrics.shared.bootstrap()
            let telemetry = try Telemetry.start(part: name, settings: settings, logger: logger)
            // Signals are caught before any service starts, so that an early one ends the process just as gracefully.
            let composition = Composition(settings: settings, logger: logger, start: start)
            let group = ServiceGroup(
                configuration: .init(
                    services: [.init(service: composition, successTerminationBehavior: .gracefullyShutdownGroup, serviceName: name)],
                    gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
            do {
                try await group.run()
            } catch {
                // Neither a setting nor an outage: an unexpected error.
                if !(error is SettingError || error is Unavailable || error is ExitCode) { Sentry.report(.ended(by: error)) }
                await telemetry.finish()
                throw error
            }
            await telemetry.finish()
        }
    }

    /// Runs a command that ends on its own: settings, log (on `log`), and the same exit statuses.
    /// - Throws: `ExitCode` as ``run(_:of:options:start:)``; an `ExitCode` or a usage error of `body` is passed on.
    public static func perform(
        _ name: String, of application: ConveyorApplication, options: PartOptions, log output: LogWriter = .standardOutput,
        body: (Settings, Logger) async throws -> Void
    ) async throws {
        // A closed pipe is an error of the write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        do throws(any Error) {
            let settings = try Settings.load(envFiles: options.envFiles, of: application)
            let level = try options.logLevel.flatMap({ Logger.Level(rawValue: $0) }) ?? settings.oneOf("LOG_LEVEL")
            let format = try settings.oneOf("LOG_FORMAT", default: Logs.defaultFormat(for: output))
            Logs.bootstrap(part: name, level: level, format: format, output: output)
            defer { output.flush() }
            try await body(settings, Logger(label: name))
        } catch let error as SettingError {
            throw self.failed(name, error, ExitStatus.configuration)
        } catch let error as Unavailable {
            throw self.failed(name, error, ExitStatus.unavailable)
        } catch let error as ExitCode {
            throw error
        } catch let error as ValidationError {
            throw error
        } catch {
            throw self.failed(name, error, ExitCode.failure)
        }
    }

    /// One line on standard error.
    private static func failed(_ name: String, _ error: any Error, _ code: ExitCode) -> ExitCode {
        let text = "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
        LogWriter.standardError.write(Array("\(name): \(Redaction.cleaned(text))\n".utf8), .beforeReturn)
        return code
    }
}
