import FoundationEssentials
import Kit
import Shop

/// The fields of a JSON object that a client sent: each is read with what it may be, and what is wrong is gathered, so that one answer names all of it.
///
///     let order = try await request.read { fields in
///         OrderInput(items: fields.list("items", 1...100) { … }, note: fields.optionalString("note", 0...200))
///     }
final class Fields {
    /// What is wrong in a whole body.
    final class Findings {
        fileprivate(set) var errors: [Problem.FieldError] = []
    }

    /// A field's name as it comes.
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { self.stringValue = name }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { return nil }
    }

    private let container: KeyedDecodingContainer<Key>?
    private let path: String
    let findings: Findings

    /// The fields of what a decoder stands at; something else than an object is a finding.
    init(_ decoder: any Decoder, path: String, findings: Findings) {
        self.path = path
        self.findings = findings
        self.container = try? decoder.container(keyedBy: Key.self)
        if self.container == nil { findings.errors.append(.init(field: path.isEmpty ? "body" : path, message: "must be an object")) }
    }

    private func name(_ field: String) -> String { self.path.isEmpty ? field : "\(self.path).\(field)" }

    /// Notes that a field is wrong.
    func refuse(_ field: String, _ message: String) {
        // Of what is no object, no field is wrong.
        if self.container != nil { self.findings.errors.append(.init(field: self.name(field), message: message)) }
    }

    /// Whether the field is there, be it null.
    func has(_ field: String) -> Bool { self.container?.contains(Key(field)) ?? false }

    /// Whether the field is there and null.
    func isNull(_ field: String) -> Bool { self.has(field) && (try? self.container?.decodeNil(forKey: Key(field))) == true }

    /// Refuses `null` where a merge patch (RFC 7396) would take away what must be there.
    func refuseNull(_ fields: String...) {
        for field in fields where self.isNull(field) { self.refuse(field, "must not be null") }
    }

    /// The value of a field; nil if it is missing or null, or not of the type, which is noted.
    private func value<Value: Decodable>(_ field: String, _ type: Value.Type, _ what: String) -> Value? {
        do {
            return try self.container?.decodeIfPresent(Value.self, forKey: Key(field))
        } catch {
            self.refuse(field, "must be \(what)")
            return nil
        }
    }

    private func require<Value>(_ field: String, _ value: Value?, _ substitute: Value) -> Value {
        if value == nil, !self.has(field) || self.isNull(field) { self.refuse(field, "is required") }
        return value ?? substitute
    }

    /// A text without NUL, which Postgres cannot keep, of so many characters.
    func optionalString(_ field: String, _ lengths: ClosedRange<Int>, secret: Bool = false) -> String? {
        guard let text = self.value(field, String.self, "a string") else { return nil }
        if text.utf8.contains(0) {
            self.refuse(field, "must not contain the character NUL")
            return nil
        }
        // Bytes first: a text of a megabyte is not counted character by character.
        guard text.utf8.count <= lengths.upperBound * 4, lengths.contains(text.unicodeScalars.count) else {
            self.refuse(
                field,
                lengths.lowerBound == 0
                    ? "must have at most \(lengths.upperBound) characters"
                    : "must have \(lengths.lowerBound) to \(lengths.upperBound) characters")
            return nil
        }
        return text
    }

    /// As ``optionalString(_:_:secret:)``, and it must be there.
    func string(_ field: String, _ lengths: ClosedRange<Int>) -> String { self.require(field, self.optionalString(field, lengths), "") }

    /// A text that is not only blanks, if it is there.
    func optionalText(_ field: String, _ lengths: ClosedRange<Int>) -> String? {
        let text = self.optionalString(field, lengths)
        if let text, !text.isEmpty, text.unicodeScalars.allSatisfy(\.properties.isWhitespace) { self.refuse(field, "must not be blank") }
        return text
    }

    /// As ``optionalText(_:_:)``, and it must be there.
    func text(_ field: String, _ lengths: ClosedRange<Int>) -> String { self.require(field, self.optionalText(field, lengths), "") }

    /// A whole number; `16.0` is one.
    func optionalInt(_ field: String, _ range: ClosedRange<Int64>) -> Int64? {
        let key = Key(field)
        let number: Int64
        do {
            guard let whole = try self.container?.decodeIfPresent(Int64.self, forKey: key) else { return nil }
            number = whole
        } catch {
            let other = try? self.container?.decode(Double.self, forKey: key)
            guard let other else {
                self.refuse(field, "must be an integer")
                return nil
            }
            guard let whole = Int64(exactly: other) else {
                self.refuse(field, "must be an integer between \(range.lowerBound) and \(range.upperBound)")
                return nil
            }
            number = whole
        }
        guard range.contains(number) else {
            self.refuse(field, "must be between \(range.lowerBound) and \(range.upperBound)")
            return nil
        }
        return number
    }

    /// As ``optionalInt(_:_:)``, and it must be there.
    func int(_ field: String, _ range: ClosedRange<Int64>) -> Int64 {
        self.require(field, self.optionalInt(field, range), range.lowerBound)
    }

    /// `true` or `false`.
    func optionalBool(_ field: String) -> Bool? { self.value(field, Bool.self, "true or false") }

    /// A UUID.
    func optionalID(_ field: String) -> ID? {
        guard let text = self.value(field, String.self, "a string") else { return nil }
        guard let id = ID(text) else {
            self.refuse(field, "must be a UUID")
            return nil
        }
        return id
    }

    /// As ``optionalID(_:)``, and it must be there.
    func id(_ field: String) -> ID { self.require(field, self.optionalID(field), ID(high: 0, low: 0)) }

    /// An object, whose fields `read` reads.
    func optionalObject<Value>(_ field: String, _ read: (Fields) -> Value) -> Value? {
        guard let container, self.has(field), !self.isNull(field) else { return nil }
        guard let decoder = try? container.superDecoder(forKey: Key(field)) else { return nil }
        return read(Fields(decoder, path: self.name(field), findings: self.findings))
    }

    /// As ``optionalObject(_:_:)``, and it must be there.
    func object<Value>(_ field: String, _ read: (Fields) -> Value) -> Value? {
        let value = self.optionalObject(field, read)
        if value == nil { self.refuse(field, "is required") }
        return value
    }

    /// A list of so many objects; the fields of each are read by `read`.
    func list<Value>(_ field: String, _ counts: ClosedRange<Int>, _ read: (Fields) -> Value) -> [Value] {
        guard let container, self.has(field), !self.isNull(field) else {
            self.refuse(field, "is required")
            return []
        }
        guard var elements = try? container.nestedUnkeyedContainer(forKey: Key(field)) else {
            self.refuse(field, "must be a list")
            return []
        }
        guard counts.contains(elements.count ?? 0) else {
            self.refuse(field, "must have \(counts.lowerBound) to \(counts.upperBound) elements")
            return []
        }
        var values: [Value] = []
        while !elements.isAtEnd, let decoder = try? elements.superDecoder() {
            values.append(read(Fields(decoder, path: "\(self.name(field))[\(values.count)]", findings: self.findings)))
        }
        return values
    }

    /// A list of texts.
    func optionalStrings(_ field: String, _ counts: ClosedRange<Int>, _ lengths: ClosedRange<Int>) -> [String]? {
        guard let texts = self.value(field, [String].self, "a list of strings") else { return nil }
        guard counts.contains(texts.count) else {
            self.refuse(field, "must have \(counts.lowerBound) to \(counts.upperBound) elements")
            return nil
        }
        for (index, text) in texts.enumerated() where text.utf8.contains(0) || !lengths.contains(text.unicodeScalars.count) {
            self.refuse("\(field)[\(index)]", "must have \(lengths.lowerBound) to \(lengths.upperBound) characters, none of them NUL")
        }
        return texts
    }
}
