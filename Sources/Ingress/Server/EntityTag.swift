import Conveyor
import Crypto
import HTTPTypes
import Hummingbird
import Shop

/// A strong validator computed from an answer's bytes (RFC 9110, section 8.8.3).
struct EntityTag: Sendable {
    /// With quotes, as in `ETag`.
    let text: String

    private init(text: String) { self.text = text }

    /// The tag of these bytes.
    init(of bytes: [UInt8]) { self.init(text: "\"\(Base64URL.encode(Array(SHA256.hash(data: bytes).prefix(16))))\"") }

    /// The tag of the gzipped form: other bytes, so another tag.
    var gzipped: EntityTag { EntityTag(text: "\(self.text.dropLast())\(Self.gzipSuffix)") }

    private static let gzipSuffix = "-gzip\""

    /// The tag in a request's `If-None-Match` that matches this content, plain or gzipped; nil if there is none.
    ///
    /// A weak comparison, as section 13.1.2 requires: `W/` is ignored.
    func known(to request: Request) -> String? {
        guard request.headers.contains(.ifNoneMatch) else { return nil }
        for header in request.headers[values: .ifNoneMatch] {
            if header == "*" { return self.text }
            // Our tags contain no quotes.
            for (index, tag) in header.split(separator: "\"", omittingEmptySubsequences: false).enumerated() where index % 2 == 1 {
                let quoted = "\"\(tag)\""
                if quoted == self.text || quoted == self.gzipped.text { return quoted }
            }
        }
        return nil
    }
}

extension HTTPFields {
    /// Adds a request header to `Vary`.
    mutating func vary(on name: HTTPField.Name) {
        guard let known = self[.vary] else {
            self[.vary] = name.rawName
            return
        }
        let isKnown = known.split(separator: ",").contains { $0.drop(while: { $0 == " " }).lowercased() == name.canonicalName }
        if !isKnown { self[.vary] = "\(known), \(name.rawName)" }
    }
}
