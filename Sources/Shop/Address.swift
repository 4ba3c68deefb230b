/// A postal address in an order.
public struct Address: Codable, Sendable, Equatable {
    /// The recipient's name.
    public var name: String
    /// Street and number.
    public var line1: String
    /// Flat, floor, company.
    public var line2: String?
    /// Town.
    public var city: String
    /// State, county or province, where there is one.
    public var state: String?
    /// Postal code, as written in that country.
    public var postalCode: String
    /// ISO 3166-1 alpha-2, upper case.
    public var country: String
    /// For text messages about the parcel; only numbers in E.164 form, `+442079460000`, get any.
    public var phone: String?

    /// A postal address.
    public init(
        name: String, line1: String, line2: String? = nil, city: String, state: String? = nil, postalCode: String, country: String,
        phone: String? = nil
    ) {
        self.name = name
        self.line1 = line1
        self.line2 = line2
        self.city = city
        self.state = state
        self.postalCode = postalCode
        self.country = country
        self.phone = phone
    }

    enum CodingKeys: String, CodingKey {
        case name, line1, line2, city, state
        case postalCode = "postal_code"
        case country, phone
    }
}
