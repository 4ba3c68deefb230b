import Logging
import Transfer

/// The external receivers of telemetry: a trace collector, Sentry. None if their settings are not set.
struct Telemetry {
    private let otlp: OTLPExporter?
    private let sentry: SentryClient?
    /// The longest time that the end of the process waits for them.
    private static let patience: Duration = .seconds(2)

    /// Starts the receivers that the settings name. Call it once per process.
    /// - Throws: if a setting is wrong.
    static func start(part: String, settings: Settings, logger: Logger) throws(SettingError) -> Telemetry {
        let endpoint = try OTLPEndpoint(settings)
        let dsn = try DSN(settings)
        guard endpoint != nil || dsn != nil else { return Telemetry(otlp: nil, sentry: nil) }
        let environment = try settings.environment().rawValue
        let http: HTTPClient
        do {
            http = try HTTPClient(userAgent: "conveyor/\(ConveyorVersion.current)", caFile: settings.string("TLS_CA_FILE"))
        } catch {
            throw SettingError(name: "TLS_CA_FILE", reason: "cannot be used: \(error)")
        }
        var shares: [Double] = []
        var exporters: [any SpanExporter] = []
        var otlp: OTLPExporter?
        var sentry: SentryClient?
        if let endpoint {
            shares.append(try settings.double("OTEL_TRACES_SAMPLER_ARG", in: 0...1))
            otlp = OTLPExporter(endpoint: endpoint, document: OTLPDocument(part: part, environment: environment), http: http, logger: logger)
        }
        if let dsn {
            let share = try settings.double("SENTRY_TRACES_SAMPLE_RATE", in: 0...1)
            shares.append(share)
            let origin = SentryOrigin(part: part, environment: environment)
            sentry = SentryClient(transport: SentryTransport(dsn: dsn, origin: origin, http: http, logger: logger), share: share, logger: logger)
        }
        if let otlp { exporters.append(otlp) }
        if let sentry {
            exporters.append(sentry)
            Sentry.bootstrap(sentry)
        }
        Traces.bootstrap(TraceRecorder(exporters: exporters, share: shares.max() ?? 0))
        return Telemetry(otlp: otlp, sentry: sentry)
    }

    /// Sends the remaining items, for at most two seconds.
    func finish() async {
        await withTaskGroup(of: Void.self) { group in
            if let otlp { group.addTask { await otlp.finish(within: Self.patience) } }
            if let sentry { group.addTask { await sentry.finish(within: Self.patience) } }
        }
    }
}
