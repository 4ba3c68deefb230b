import Logging

/// An event as a readable line: time of day in UTC, level, message, then the metadata.
enum PrettyLogLine {
    static func append(
        event: LogEvent, fields: [(name: String, value: Logger.MetadataValue)], at milliseconds: Int64, colours: Bool, to line: inout [UInt8]
    ) {
        func coloured(_ code: String, _ text: some Collection<UInt8>) {
            if colours { line += "\u{1B}[\(code)m".utf8 }
            line += text
            if colours { line += "\u{1B}[0m".utf8 }
        }
        var time: [UInt8] = []
        Timestamp.append(milliseconds: milliseconds, to: &time)
        coloured("2", time[11..<23])
        line.append(UInt8(ascii: " "))
        coloured(Self.colour(event.level), event.level.rawValue.padded(to: 8).utf8)
        line.append(UInt8(ascii: " "))
        line += Self.printable(Redaction.cleaned(event.message.description)).utf8
        for (name, value) in fields {
            line += "  ".utf8
            coloured("2", "\(Self.printable(name))=".utf8)
            line += Self.printable("\(value)").utf8
        }
        line.append(UInt8(ascii: "\n"))
    }

    private static func colour(_ level: Logger.Level) -> String {
        switch level {
        case .trace, .debug: "2"
        case .info: "32"
        case .notice: "36"
        case .warning: "33"
        case .error: "31"
        case .critical: "1;31"
        }
    }

    /// External text must not move the cursor or begin a line.
    private static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
    }
}

extension String {
    /// Padded with spaces to this many characters.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - self.count)) }
}
