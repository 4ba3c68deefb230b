import Conveyor

/// A payload on a page: formatted, coloured JSON, other text unchanged, anything else in hexadecimal. It may contain any bytes of any size.
struct PayloadView: Sendable {
    let size: String
    let tokens: [PrettyJSON.Token]
    /// A remark about it.
    let note: String?
    /// Whether more of it exists than is shown.
    let isCut: Bool
    /// The editor's initial text, never shortened or changed; nil if there is no text to edit, or it is cut.
    let editable: String?

    /// The limit of shown bytes, unless all are requested.
    static let shown = 128 << 10
    /// Larger payloads are not coloured.
    private static let coloured = 32 << 10

    init(_ bytes: [UInt8], whole: Bool) {
        self.size = Quantity.size(bytes.count)
        let json = bytes.count <= Self.coloured || whole ? PrettyJSON(bytes) : nil
        guard let raw = String(validating: bytes, as: UTF8.self) else {
            self.tokens = [.init(kind: "", text: Self.hexadecimal(bytes.prefix(4096)))]
            self.isCut = bytes.count > 4096
            self.note = self.isCut ? "Not text: the first 4,096 bytes, in hexadecimal." : "Not text: in hexadecimal."
            self.editable = ""
            return
        }
        let text = json?.text ?? raw
        let isCut = !whole && text.utf8.count > Self.shown
        if isCut {
            self.tokens = [.init(kind: "", text: String(text.unicodeScalars.prefix(Self.shown / 4)).visible)]
            self.note = "The beginning of it."
            self.editable = nil
        } else {
            let tokens = bytes.count <= Self.coloured ? json?.tokens : nil
            self.tokens = tokens?.map { .init(kind: $0.kind, text: $0.text.visible) } ?? [.init(kind: "", text: text.visible)]
            self.note = bytes.isEmpty ? "Empty." : json == nil ? "Not JSON." : nil
            self.editable = text
        }
        self.isCut = isCut
    }

    private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
        var lines: [String] = []
        var start = bytes.startIndex
        while start < bytes.endIndex {
            let line = bytes[start..<min(bytes.endIndex, start + 16)]
            let digits = line.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
            let text = line.map { 0x20..<0x7f ~= $0 ? String(Unicode.Scalar($0)) : "·" }.joined()
            lines.append(digits + String(repeating: " ", count: 49 - digits.count) + text)
            start += 16
        }
        return lines.joined(separator: "\n")
    }
}
