import Mustache

/// HTML, text and attribute values, for the templates.
///
/// swift-mustache's own looks at characters, and `"` with a combining accent behind it is another character than `"`: it would stay as it is and
/// end an attribute. This one looks at bytes.
struct HTMLText: MustacheContentType {
    /// The pragma that puts a template under it.
    static let pragma = "{{% CONTENT_TYPE:MAIL}}"

    static func register() { MustacheContentTypes.register(HTMLText(), named: "MAIL") }

    func escapeText(_ text: String) -> String {
        var escaped: [UInt8] = []
        escaped.reserveCapacity(text.utf8.count + text.utf8.count / 8)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): escaped += "&amp;".utf8
            case UInt8(ascii: "<"): escaped += "&lt;".utf8
            case UInt8(ascii: ">"): escaped += "&gt;".utf8
            case UInt8(ascii: "\""): escaped += "&quot;".utf8
            case UInt8(ascii: "'"): escaped += "&#39;".utf8
            default: escaped.append(byte)
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }
}
