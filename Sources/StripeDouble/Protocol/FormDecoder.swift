/// Decodes `application/x-www-form-urlencoded` with Stripe's nested keys: `metadata[order_id]=7`, `automatic_payment_methods[enabled]=true`,
/// `expand[]=latest_charge`, `types[0]=charge.succeeded`.
///
/// As at Stripe, the last value of a repeated key counts. A key that is both a text and a table is refused.
enum FormDecoder {
    /// The limit of nesting, which Stripe's own parameters never reach.
    static let depthLimit = 8
    /// The limit of pairs in one body.
    static let pairLimit = 1000

    /// - Throws: `invalid_request_error` for broken percent-encoding, bytes that are not UTF-8, unbalanced brackets, or too many pairs or levels.
    static func decode(_ text: some StringProtocol) throws(StripeError) -> Form {
        var form = Form.empty
        var pairs = 0
        for pair in text.utf8.split(separator: UInt8(ascii: "&")) {
            pairs += 1
            if pairs > Self.pairLimit { throw .badRequest("Too many parameters.") }
            let halves = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let key = try Self.unescape(halves[0])
            let value = halves.count == 2 ? try Self.unescape(halves[1]) : ""
            try Self.insert(value, at: Self.path(of: key)[...], of: key, into: &form)
        }
        return form
    }

    /// `a[b][]` → `["a", "b", ""]`.
    private static func path(of key: String) throws(StripeError) -> [String] {
        guard let bracket = key.firstIndex(of: "[") else {
            if key.isEmpty || key.contains("]") { throw .badRequest("Invalid parameter name: '\(key)'.", param: key) }
            return [key]
        }
        var path = [String(key[..<bracket])]
        var rest = key[bracket...]
        while !rest.isEmpty {
            guard rest.first == "[", let end = rest.firstIndex(of: "]") else { throw .badRequest("Invalid parameter name: '\(key)'.", param: key) }
            path.append(String(rest[rest.index(after: rest.startIndex)..<end]))
            rest = rest[rest.index(after: end)...]
        }
        if path[0].isEmpty || path.count > Self.depthLimit { throw .badRequest("Invalid parameter name: '\(key)'.", param: key) }
        return path
    }

    private static func insert(_ value: String, at path: ArraySlice<String>, of key: String, into node: inout Form) throws(StripeError) {
        guard let first = path.first else {
            if case .table(let entries) = node, !entries.isEmpty { throw .badRequest("Invalid parameter: '\(key)' is given twice.", param: key) }
            node = .text(value)
            return
        }
        guard case .table(var entries) = node else { throw .badRequest("Invalid parameter: '\(key)' is given twice.", param: key) }
        let name = first.isEmpty ? String(entries.count) : first
        if let index = entries.firstIndex(where: { $0.name == name }) {
            try Self.insert(value, at: path.dropFirst(), of: key, into: &entries[index].value)
        } else {
            var child = Form.empty
            try Self.insert(value, at: path.dropFirst(), of: key, into: &child)
            entries.append(Form.Entry(name: name, value: child))
        }
        node = .table(entries)
    }

    /// Percent-decodes; `+` is a space.
    private static func unescape(_ bytes: some Collection<UInt8>) throws(StripeError) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var iterator = bytes.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "+"): decoded.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = iterator.next().flatMap(Self.digit), let low = iterator.next().flatMap(Self.digit) else {
                    throw .badRequest("Invalid percent-encoding in the request.")
                }
                decoded.append(high << 4 | low)
            default: decoded.append(byte)
            }
        }
        guard let text = String(validating: decoded, as: UTF8.self) else { throw .badRequest("Invalid UTF-8 in the request.") }
        return text
    }

    private static func digit(_ byte: UInt8) -> UInt8? { Character(UnicodeScalar(byte)).hexDigitValue.map(UInt8.init) }
}
