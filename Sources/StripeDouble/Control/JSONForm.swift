/// Reads JSON as a form: objects and arrays become tables, numbers and booleans become text, so one reader serves both.
struct JSONForm: Decodable {
    let form: Form

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        if let object = try? decoder.container(keyedBy: Name.self) {
            let entries = try object.allKeys.compactMap { name in
                try object.decodeNil(forKey: name) ? nil : Form.Entry(name: name.stringValue, value: object.decode(JSONForm.self, forKey: name).form)
            }
            self.form = .table(entries)
        } else if var array = try? decoder.unkeyedContainer() {
            var entries: [Form.Entry] = []
            while !array.isAtEnd { entries.append(Form.Entry(name: String(entries.count), value: try array.decode(JSONForm.self).form)) }
            self.form = .table(entries)
        } else {
            let value = try decoder.singleValueContainer()
            if let flag = try? value.decode(Bool.self) {
                self.form = .text(flag ? "true" : "false")
            } else if let integer = try? value.decode(Int.self) {
                self.form = .text(String(integer))
            } else if let number = try? value.decode(Double.self) {
                self.form = .text(String(number))
            } else {
                self.form = .text(try value.decode(String.self))
            }
        }
    }
}
