import FoundationEssentials

/// A file of settings: one `NAME=value` per line, no quotes, no escapes; blank lines and lines that begin with `#` are ignored.
///
/// The value is everything after the first `=` without trailing white space. Of a repeated name the last value counts.
struct EnvironmentFile {
    let values: [String: String]

    /// - Throws: if the file cannot be read, or a line is malformed (named by its number, as it may contain a secret).
    init(path: String) throws(SettingError) {
        let bytes: [UInt8]
        do {
            bytes = try Array(Data(contentsOf: URL(filePath: path)))
        } catch {
            throw SettingError(name: "--env-file", reason: "\(path) cannot be read")
        }
        self.values = try Self.parse(bytes, path: path)
    }

    static func parse(_ bytes: [UInt8], path: String) throws(SettingError) -> [String: String] {
        var values: [String: String] = [:]
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            let blanks: Set<UInt8> = [UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r")]
            let start = line.drop { blanks.contains($0) }
            guard let first = start.first, first != UInt8(ascii: "#") else { continue }
            guard let equals = start.firstIndex(of: UInt8(ascii: "=")), Self.isName(start[..<equals]) else {
                throw SettingError(name: "--env-file", reason: "\(path) line \(index + 1) is not NAME=value")
            }
            var value = start[(equals + 1)...]
            while let last = value.last, blanks.contains(last) { value.removeLast() }
            guard let text = String(validating: value, as: UTF8.self) else {
                throw SettingError(name: "--env-file", reason: "\(path) line \(index + 1) is not UTF-8")
            }
            values[String(decoding: start[..<equals], as: UTF8.self)] = text
        }
        return values
    }

    private static func isName(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
        return bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
