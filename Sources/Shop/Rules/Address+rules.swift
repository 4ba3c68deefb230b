public import Conveyor

extension Address {
    /// The rules for an address' parts, each of which is a line on a parcel.
    public enum Part {
        /// The recipient, the street and the second line.
        public static let line = Rule<String>.postal(1...200)
        /// A line that may be empty.
        public static let extraLine = Rule<String>.postal(0...200)
        /// The town.
        public static let city = Rule<String>.postal(1...100)
        /// The state, county or province.
        public static let state = Rule<String>.postal(0...100)
        /// The postal code.
        public static let postalCode = Rule<String>.line(1...20)
        /// The telephone number.
        public static let phone = Rule<String>.line(0...40)
    }

    func check(_ fields: inout FieldCheck) {
        fields.check("name", self.name, Part.line)
        fields.check("line1", self.line1, Part.line)
        fields.check("line2", self.line2, Part.extraLine)
        fields.check("city", self.city, Part.city)
        fields.check("state", self.state, Part.state)
        fields.check("postal_code", self.postalCode, Part.postalCode)
        fields.check("country", self.country, .country)
        fields.check("phone", self.phone, Part.phone)
    }
}
