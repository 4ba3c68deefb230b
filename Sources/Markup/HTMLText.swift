/// HTML, text and attribute values.
///
/// Works on bytes: on characters, `"` followed by a combining accent would differ from `"`, remain unescaped, and end an attribute.
public enum HTMLText {
    /// The text as HTML without markup.
    public static func escape(_ text: String) -> String {
        var escaped: [UInt8] = []
        escaped.reserveCapacity(text.utf8.count + text.utf8.count / 8)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): escaped += "&amp;".utf8
            case UInt8(ascii: "<"): escaped += "&lt;".utf8
            case UInt8(ascii: ">"): escaped += "&gt;".utf8
            case UInt8(ascii: "\""): escaped += "&quot;".utf8
            case UInt8(ascii: "'"): escaped += "&#39;".utf8
            case 0: escaped += "\u{fffd}".utf8  // HTML cannot contain NUL
            case 0x0d: escaped += "&#13;".utf8  // a bare one would become a line feed
            default: escaped.append(byte)
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }
}
