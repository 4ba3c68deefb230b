import HTTPTypes
import Hummingbird

extension Response {
    /// A page, with the address of the next one in `Link` (RFC 8288).
    static func page<Item>(_ page: Page<Item>, _ request: Request) throws -> Response {
        try .json(page, headers: request.link(toNext: page.nextCursor))
    }
}

extension Request {
    /// `Link` to the page at a cursor: this request's address with the cursor; empty without one.
    func link(toNext cursor: String?) -> HTTPFields {
        guard let cursor else { return [:] }
        let others = (self.uri.query ?? "").split(separator: "&").filter { !$0.hasPrefix("cursor=") }.map(Self.escaped)
        return [.link: "<\(self.uri.path)?\((others + ["cursor=\(cursor)"]).joined(separator: "&"))>; rel=\"next\""]
    }

    /// Clients may send characters that a URI must not contain (RFC 3986); within `<>` they would end the address.
    private static func escaped(_ parameter: Substring) -> String {
        var escaped = ""
        for byte in parameter.utf8 {
            switch byte {
            case 0...0x20, 0x22, 0x3c, 0x3e, 0x5c, 0x5e, 0x60, 0x7b...0x7d, 0x7f...0xff:
                let digits = String(byte, radix: 16, uppercase: true)
                escaped += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            default: escaped.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
        return escaped
    }
}
