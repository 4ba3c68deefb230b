import Shop

extension Fields {
    /// A postal address.
    func address(_ field: String) -> Address { self.object(field, Address.init) ?? .none }

    /// A postal address, if there is one.
    func optionalAddress(_ field: String) -> Address? { self.optionalObject(field, Address.init) }
}

extension Address {
    fileprivate init(_ fields: Fields) {
        self.init(
            name: fields.text("name", 1...200), line1: fields.text("line1", 1...200), line2: fields.optionalString("line2", 0...200),
            city: fields.text("city", 1...100), state: fields.optionalString("state", 0...100), postalCode: fields.text("postal_code", 1...20),
            country: fields.country("country"))
    }

    /// In place of one that was refused.
    fileprivate static var none: Address { Address(name: "", line1: "", city: "", postalCode: "", country: "") }
}

extension Fields {
    /// ISO 3166-1 alpha-2, in upper case whatever was sent.
    fileprivate func country(_ field: String) -> String {
        let text = self.string(field, 2...2).uppercased()
        if !text.isEmpty, !text.utf8.allSatisfy({ UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 }) {
            self.refuse(field, "must be a country of ISO 3166-1 in two letters")
        }
        return text
    }
}
