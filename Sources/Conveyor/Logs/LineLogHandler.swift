import Logging

/// Formats each event as a line and passes it to the writer.
struct LineLogHandler: LogHandler {
    let part: String
    let label: String
    let format: Logs.Format
    let colours: Bool
    let output: LogWriter
    var metadataProvider: Logger.MetadataProvider?
    var metadata: Logger.Metadata = [:]
    /// nil while the logger follows ``Logs/level``.
    private var ownLevel: Logger.Level?

    init(part: String, label: String, format: Logs.Format, colours: Bool, output: LogWriter, metadataProvider: Logger.MetadataProvider? = nil) {
        self.part = part
        self.label = label
        self.format = format
        self.colours = colours
        self.output = output
        self.metadataProvider = metadataProvider
    }

    var logLevel: Logger.Level {
        get { self.ownLevel ?? Logs.level }
        set { self.ownLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line: [UInt8] = []
        line.reserveCapacity(384)
        let fields = self.fields(of: event)
        let now = Clock.milliseconds()
        switch self.format {
        case .json: JSONLogLine.append(part: self.part, label: self.label, event: event, fields: fields, at: now, to: &line)
        case .pretty: PrettyLogLine.append(event: event, fields: fields, at: now, colours: self.colours, to: &line)
        }
        if event.level >= .critical {
            Sentry.report(.logged(event.message.description, label: self.label, fields: fields))
        }
        self.output.write(line, event.level >= .critical ? .beforeReturn : event.level >= .warning ? .now : .soon)
    }

    /// The metadata of the logger, the provider and the event, the last of which wins; sorted by name, without secrets.
    private func fields(of event: LogEvent) -> [(name: String, value: Logger.MetadataValue)] {
        var all = self.metadata
        if let provided = self.metadataProvider?.get(), !provided.isEmpty { all.merge(provided) { $1 } }
        if let own = event.metadata, !own.isEmpty { if all.isEmpty { all = own } else { all.merge(own) { $1 } } }
        if let error = event.error { all["error"] = .string("\(error)") }
        return all.map { (name: $0.key, value: Redaction.cleaned($0.value, name: $0.key)) }.sorted { $0.name < $1.name }
    }
}
