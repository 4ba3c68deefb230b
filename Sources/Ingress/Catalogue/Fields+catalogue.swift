import Shop

extension Fields {
    /// The part of a URL that names a category: letters and digits in lower case, parted by single hyphens.
    func slug(_ field: String) -> String? {
        guard let slug = self.optionalString(field, 1...200) else { return nil }
        let parts = slug.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy { $0.isLetter || $0.isNumber } }), slug == slug.lowercased(), ID(slug) == nil else {
            self.refuse(field, "must be letters and digits in lower case, parted by hyphens")
            return nil
        }
        return slug
    }

    /// ISO 4217, in lower case whatever was sent.
    func currency(_ field: String) -> String? {
        guard let currency = self.optionalString(field, 3...3)?.lowercased() else { return nil }
        guard currency.utf8.count == 3, currency.utf8.allSatisfy({ UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 }) else {
            self.refuse(field, "must be a currency of ISO 4217 in three letters")
            return nil
        }
        return currency
    }

    /// Addresses of images: of http or https, so that no page that shows them runs what stands in one.
    func images(_ field: String) -> [String]? {
        guard let images = self.optionalStrings(field, 0...20, 1...2000) else { return nil }
        for (index, image) in images.enumerated() {
            let isPlain = image.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7f && !"<>\"\\^`{|}".unicodeScalars.contains($0) }
            // Bytes: a letter that what follows combines with is another character.
            guard isPlain, image.utf8.starts(with: "https://".utf8) || image.utf8.starts(with: "http://".utf8) else {
                self.refuse("\(field)[\(index)]", "must be an address that begins with https:// or http://")
                return nil
            }
        }
        return images
    }
}
