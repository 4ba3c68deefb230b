import Glibc

/// A file of settings, as a shell and systemd read it: one `NAME=value` per line, `#` comments, optional quotes.
struct EnvironmentFile: Sendable {
    let values: [String: String]

    init(path: String) throws(Settings.Invalid) {
        guard let text = Self.text(of: path) else { throw Settings.Invalid(description: "--env-file \(path) cannot be read") }
        var values: [String: String] = [:]
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            var line = Self.trimmed(line)
            if line.isEmpty || line.hasPrefix("#") { continue }
            if line.hasPrefix("export ") { line = Self.trimmed(line.dropFirst(7)) }
            guard let equals = line.firstIndex(of: "=") else { throw Settings.Invalid(description: "--env-file \(path), line \(number + 1): no `=`") }
            var value = Self.trimmed(line[line.index(after: equals)...])
            if value.count >= 2, let quote = value.first, quote == "'" || quote == "\"", value.last == quote { value = value.dropFirst().dropLast() }
            values[String(Self.trimmed(line[..<equals]))] = String(value)
        }
        self.values = values
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first?.isWhitespace ?? false { text.removeFirst() }
        while text.last?.isWhitespace ?? false { text.removeLast() }
        return text
    }

    private static func text(of path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
