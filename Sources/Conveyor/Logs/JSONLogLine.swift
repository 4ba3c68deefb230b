import Logging

/// An event as one JSON object: time, level, part, message, then the metadata by name.
enum JSONLogLine {
    static func append(
        part: String, label: String, event: LogEvent, fields: [(name: String, value: Logger.MetadataValue)], at milliseconds: Int64,
        to line: inout [UInt8]
    ) {
        line += #"{"time":""#.utf8
        Timestamp.append(milliseconds: milliseconds, to: &line)
        line += #"","level":""#.utf8
        line += event.level.rawValue.utf8
        line += #"","part":"#.utf8
        Self.append(string: part, to: &line)
        line += #","message":"#.utf8
        Self.append(string: Redaction.cleaned(event.message.description), to: &line)
        if label != part {
            line += #","logger":"#.utf8
            Self.append(string: label, to: &line)
        }
        for (name, value) in fields {
            line.append(UInt8(ascii: ","))
            // Metadata with the name of a standard member would duplicate it.
            Self.append(string: ["time", "level", "part", "message", "logger"].contains(name) ? "\(name)_" : name, to: &line)
            line.append(UInt8(ascii: ":"))
            Self.append(value, to: &line)
        }
        line += "}\n".utf8
    }

    private static func append(_ value: Logger.MetadataValue, to line: inout [UInt8]) {
        switch value {
        case .string(let text): Self.append(string: text, to: &line)
        case .stringConvertible(let value):
            if let number = LogNumber.text(of: value) { line += number.utf8 } else { Self.append(string: value.description, to: &line) }
        case .array(let values):
            line.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                Self.append(value, to: &line)
            }
            line.append(UInt8(ascii: "]"))
        case .dictionary(let members):
            line.append(UInt8(ascii: "{"))
            for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                Self.append(string: member.key, to: &line)
                line.append(UInt8(ascii: ":"))
                Self.append(member.value, to: &line)
            }
            line.append(UInt8(ascii: "}"))
        }
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)

    /// A string with its quotes (RFC 8259 §7).
    static func append(string: String, to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""): line += [UInt8(ascii: "\\"), UInt8(ascii: "\"")]
            case UInt8(ascii: "\\"): line += [UInt8(ascii: "\\"), UInt8(ascii: "\\")]
            case 0x0A: line += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
            case 0x09: line += [UInt8(ascii: "\\"), UInt8(ascii: "t")]
            case 0..<0x20: line += #"\u00"#.utf8 + [Self.hexDigits[Int(byte >> 4)], Self.hexDigits[Int(byte & 15)]]
            default: line.append(byte)
            }
        }
        line.append(UInt8(ascii: "\""))
    }
}

/// Numbers and booleans keep their type, so that tools can compare them.
enum LogNumber {
    static func text(of value: any CustomStringConvertible & Sendable) -> String? {
        switch value {
        case let value as Int: String(value)
        case let value as Double: value.isFinite ? String(value) : nil
        case let value as Bool: String(value)
        case let value as any FixedWidthInteger: String(describing: value)
        default: nil
        }
    }
}
