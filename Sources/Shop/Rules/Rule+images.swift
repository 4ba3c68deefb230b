public import Conveyor

extension Rule<String> {
    /// The URL of an image (RFC 3986): http or https, with a host, in ASCII, and without the characters that end an HTML attribute or a CSS
    /// value, so it is safe to put into a page. Other characters are percent-encoded.
    public static var image: Rule { .webURL }

    /// A URL by the rule of ``image``, for any resource.
    public static var webURL: Rule {
        Rule { text throws(Violation) in
            guard text.utf8.count <= 2000 else { throw .length(1...2000) }
            let schemes = ["https://", "http://"]
            guard let scheme = schemes.first(where: { text.utf8.starts(with: $0.utf8) }),
                text.utf8.allSatisfy({ 0x21...0x7E ~= $0 && !"\"'<>\\^`{|}".utf8.contains($0) }),
                Self.hasHost(text.utf8.dropFirst(scheme.utf8.count))
            else { throw Violation("must be a URL that begins with https:// or http://") }
            return text
        }
    }

    /// A host with an optional port, then a path, a query or nothing. No user name and password, which would become public.
    private static func hasHost(_ rest: Substring.UTF8View) -> Bool {
        let authority = rest.prefix { !"/?#".utf8.contains($0) }
        let host: Substring.UTF8View
        if authority.first == UInt8(ascii: "[") {
            host = authority.prefix { $0 != UInt8(ascii: "]") }
            guard host.count > 2, host.count < authority.count, host.dropFirst().allSatisfy({ $0.isHexadecimal || $0 == UInt8(ascii: ":") }) else {
                return false
            }
            return Self.isPort(authority.dropFirst(host.count + 1))
        }
        host = authority.prefix { $0 != UInt8(ascii: ":") }
        let isName = host.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") }
        return !host.isEmpty && isName && Self.isPort(authority.dropFirst(host.count))
    }

    /// Empty, or a colon and a port number.
    private static func isPort(_ text: Substring.UTF8View) -> Bool {
        guard let colon = text.first else { return true }
        let digits = text.dropFirst()
        guard colon == UInt8(ascii: ":"), digits.count <= 5, digits.allSatisfy(\.isDigit), digits.first != UInt8(ascii: "0") else { return false }
        return UInt16(Substring(digits)) != nil
    }
}

extension Rule<[String]> {
    /// The maximum number of images per product.
    public static var greatestImageCount: Int { 20 }

    /// A product's images; lists show the first one.
    public static var images: Rule {
        Rule { images throws(Violation) in
            guard images.count <= Self.greatestImageCount else { throw Violation("must have at most \(Self.greatestImageCount) elements") }
            for (index, image) in images.enumerated() {
                do throws(Violation) {
                    _ = try Rule<String>.image.read(image)
                } catch {
                    throw Violation("must have image URLs only: number \(index + 1) \(error.message)")
                }
            }
            return images
        }
    }
}

extension UInt8 {
    fileprivate var isHexadecimal: Bool { self.isDigit || UInt8(ascii: "a")...UInt8(ascii: "f") ~= self | 0x20 }
}
