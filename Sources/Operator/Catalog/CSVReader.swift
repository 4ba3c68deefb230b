import ConveyorOperator

/// CSV by RFC 4180: fields separated by commas, quoted if they contain commas, quotes or line breaks. Lines may end with LF alone, and a byte
/// order mark is ignored.
struct CSVReader {
    /// A record and the line on which it begins, from 1.
    struct Record: Equatable {
        var line: Int
        var fields: [String]
    }

    /// An error of the whole file.
    struct Malformed: Error, CustomStringConvertible {
        let line: Int
        let reason: String
        var description: String { "line \(self.line): \(self.reason)" }
    }

    /// - Throws: `Malformed`: text that is not UTF-8, an unclosed quote, or text after one.
    static func records(_ bytes: [UInt8]) throws(Malformed) -> [Record] {
        let body = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes.dropFirst(3) : bytes[...]
        var records: [Record] = []
        var fields: [String] = []
        var field: [UInt8] = []
        var (line, start) = (1, 1)
        var isQuoted = false
        var wasQuoted = false

        func finishField() throws(Malformed) {
            guard let text = String(validating: field, as: UTF8.self) else { throw Malformed(line: line, reason: "not UTF-8") }
            fields.append(text)
            field = []
            wasQuoted = false
        }

        var index = body.startIndex
        while index < body.endIndex {
            let byte = body[index]
            index += 1
            if isQuoted {
                if byte == UInt8(ascii: "\"") {
                    if index < body.endIndex, body[index] == UInt8(ascii: "\"") {
                        field.append(byte)
                        index += 1
                    } else {
                        isQuoted = false
                        wasQuoted = true
                    }
                } else {
                    if byte == UInt8(ascii: "\n") { line += 1 }
                    field.append(byte)
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\"") where field.isEmpty && !wasQuoted: isQuoted = true
            case UInt8(ascii: ","): try finishField()
            case UInt8(ascii: "\r") where index < body.endIndex && body[index] == UInt8(ascii: "\n"): break
            case UInt8(ascii: "\n"):
                try finishField()
                // An empty line is not a record.
                if fields != [""] { records.append(Record(line: start, fields: fields)) }
                fields = []
                line += 1
                start = line
            default:
                guard !wasQuoted else { throw Malformed(line: line, reason: "text behind a closing quote") }
                field.append(byte)
            }
        }
        guard !isQuoted else { throw Malformed(line: start, reason: "a quote is not closed") }
        if !field.isEmpty || !fields.isEmpty || wasQuoted {
            try finishField()
            records.append(Record(line: start, fields: fields))
        }
        return records
    }
}
