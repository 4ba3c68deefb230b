public import Mustache

/// HTML, text and attribute values, for the templates of the console and of the e-mails.
///
/// swift-mustache's own looks at characters, and `"` with a combining accent behind it is another character than `"`: it would stay as it is and
/// end an attribute. This one looks at bytes.
public struct HTMLText: MustacheContentType {
    private static let name = "ESCAPED_BY_BYTE"
    private static let registration: Void = MustacheContentTypes.register(HTMLText(), named: Self.name)

    /// What a template begins with whose values are put in escaped.
    public static var pragma: String {
        _ = self.registration
        return "{{% CONTENT_TYPE:\(self.name)}}"
    }

    /// Escapes text and attribute values.
    public init() {}

    /// The text as HTML that shows it, and nothing but shows it.
    public func escapeText(_ text: String) -> String {
        var escaped: [UInt8] = []
        escaped.reserveCapacity(text.utf8.count + text.utf8.count / 8)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): escaped += "&amp;".utf8
            case UInt8(ascii: "<"): escaped += "&lt;".utf8
            case UInt8(ascii: ">"): escaped += "&gt;".utf8
            case UInt8(ascii: "\""): escaped += "&quot;".utf8
            case UInt8(ascii: "'"): escaped += "&#39;".utf8
            case 0: escaped += "\u{fffd}".utf8  // no HTML can hold a NUL
            case 0x0d: escaped += "&#13;".utf8  // a bare one would become a line feed
            default: escaped.append(byte)
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }
}
