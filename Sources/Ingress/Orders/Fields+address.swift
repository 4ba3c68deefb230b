import Conveyor
import Shop

extension Fields {
    /// A required postal address.
    func address(_ field: String) -> Address { self.object(field, Address.init) ?? .none }

    /// An optional postal address.
    func optionalAddress(_ field: String) -> Address? { self.optionalObject(field, Address.init) }
}

extension Address {
    fileprivate init(_ fields: Fields) {
        self.init(
            name: fields.required("name", Part.line), line1: fields.required("line1", Part.line), line2: fields.optional("line2", Part.extraLine),
            city: fields.required("city", Part.city), state: fields.optional("state", Part.state),
            postalCode: fields.required("postal_code", Part.postalCode), country: fields.required("country", .country))
    }

    /// A placeholder for an invalid address.
    fileprivate static var none: Address { Address(name: "", line1: "", city: "", postalCode: "", country: "") }
}
