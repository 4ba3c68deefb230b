import Conveyor
import FoundationEssentials
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

    /// Nil if what was sent is something else.
    private let object: JSONElement?
    private let path: String
    let findings: Findings

    /// The fields of an object; something else than an object is a finding.
    init(_ element: JSONElement, path: String, findings: Findings) {
        self.path = path
        self.findings = findings
        self.object = element.isObject ? element : nil
        if self.object == nil { findings.errors.append(.init(field: path.isEmpty ? "body" : path, message: "must be an object")) }
    }

    private func name(_ field: String) -> String { self.path.isEmpty ? field : "\(self.path).\(field)" }

    /// Notes that a field is wrong.
    func refuse(_ field: String, _ message: String) {
        // Of what is no object, no field is wrong.
        if self.object != nil { self.findings.errors.append(.init(field: self.name(field), message: message)) }
    }

    /// Whether the field is there, be it null.
    func has(_ field: String) -> Bool { self.object?.member(field) != nil }

    /// Whether the field is there and null.
    func isNull(_ field: String) -> Bool { self.object?.member(field)?.isNull ?? false }

    /// Refuses `null` where a merge patch (RFC 7396) would take away what must be there.
    func refuseNull(_ fields: String...) {
        for field in fields where self.isNull(field) { self.refuse(field, "must not be null") }
    }

    /// The value of a field; nil if it is missing or null.
    private func element(_ field: String) -> JSONElement? { self.object?.member(field).flatMap { $0.isNull ? nil : $0 } }

    /// The value of a field; nil if it is missing or null, or not of the type, which is noted.
    private func value<Value>(_ field: String, _ what: String, _ read: (JSONElement) -> Value?) -> Value? {
        guard let element = self.element(field) else { return nil }
        let value = read(element)
        if value == nil { self.refuse(field, "must be \(what)") }
        return value
    }

    private func require<Value>(_ field: String, _ value: Value?, _ substitute: Value) -> Value {
        if value == nil, self.element(field) == nil { self.refuse(field, "is required") }
        return value ?? substitute
    }

    /// What a rule makes of a value; nil if it breaks the rule, which is noted.
    private func read<Value>(_ field: String, _ value: Value?, _ rule: Rule<Value>) -> Value? {
        guard let value else { return nil }
        do throws(Violation) {
            return try rule.read(value)
        } catch {
            self.refuse(field, error.message)
            return nil
        }
    }

    /// A text of a kind, if it is there.
    func optional(_ field: String, _ rule: Rule<String>) -> String? { self.read(field, self.value(field, "a string", \.string), rule) }

    /// A text of a kind.
    func required(_ field: String, _ rule: Rule<String>) -> String { self.require(field, self.optional(field, rule), "") }

    /// Any text of so many characters, if it is there.
    func optionalString(_ field: String, _ lengths: ClosedRange<Int>) -> String? { self.optional(field, .text(lengths)) }

    /// Any text of so many characters.
    func string(_ field: String, _ lengths: ClosedRange<Int>) -> String { self.required(field, .text(lengths)) }

    /// A list of at most so many texts of a kind, if it is there.
    func optionalList(_ field: String, upTo count: Int, _ rule: Rule<String>) -> [String]? {
        guard let texts = self.value(field, "a list of strings", Self.strings) else { return nil }
        guard texts.count <= count else {
            self.refuse(field, "must have at most \(count) elements")
            return nil
        }
        return texts.enumerated().compactMap { index, text in self.read("\(field)[\(index)]", text, rule) }
    }

    private static func strings(_ element: JSONElement) -> [String]? {
        guard let elements = element.elements else { return nil }
        let texts = elements.compactMap(\.string)
        return texts.count == elements.count ? texts : nil
    }

    /// A whole number of a kind, if it is there; `16.0` is one.
    func optional<Number: FixedWidthInteger & Sendable>(_ field: String, _ rule: Rule<Number>) -> Number? {
        guard let element = self.element(field) else { return nil }
        let whole: Int64
        if let number = element.integer {
            whole = number
        } else if let number = element.double, number.rounded() == number {
            // Beyond what an integer holds it is the last one, which no rule takes.
            whole = Int64(exactly: number) ?? (number < 0 ? .min : .max)
        } else {
            self.refuse(field, "must be an integer")
            return nil
        }
        return self.read(field, Number(clamping: whole), rule)
    }

    /// A whole number of a kind.
    func required<Number: FixedWidthInteger & Sendable>(_ field: String, _ rule: Rule<Number>) -> Number {
        self.require(field, self.optional(field, rule), 0)
    }

    /// A time, as milliseconds since 1970, if it is there: browsers write such a number, this API RFC 3339.
    func optionalInstant(_ field: String) -> Int64? {
        guard let element = self.element(field) else { return nil }
        if let text = element.string {
            guard let date = Timestamp.date(text) else {
                self.refuse(field, "must be a time, as milliseconds since 1970 or as RFC 3339 has it")
                return nil
            }
            return self.read(field, Clock.milliseconds(date), .pushExpiry)
        }
        // A fraction of a millisecond is a browser's way to be precise.
        if let number = element.double {
            return self.read(field, Int64(exactly: number.rounded(.down)) ?? (number < 0 ? .min : .max), .pushExpiry)
        }
        self.refuse(field, "must be a time, as milliseconds since 1970 or as RFC 3339 has it")
        return nil
    }

    /// `true` or `false`.
    func optionalBool(_ field: String) -> Bool? { self.value(field, "true or false", \.bool) }

    /// A UUID.
    func optionalID(_ field: String) -> ID? {
        guard let text = self.value(field, "a string", \.string) else { return nil }
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
        self.element(field).map { read(Fields($0, path: self.name(field), findings: self.findings)) }
    }

    /// As ``optionalObject(_:_:)``, and it must be there.
    func object<Value>(_ field: String, _ read: (Fields) -> Value) -> Value? {
        let value = self.optionalObject(field, read)
        if value == nil { self.refuse(field, "is required") }
        return value
    }

    /// A list of so many objects; the fields of each are read by `read`.
    func list<Value>(_ field: String, _ counts: ClosedRange<Int>, _ read: (Fields) -> Value) -> [Value] {
        guard let element = self.element(field) else {
            self.refuse(field, "is required")
            return []
        }
        guard let elements = element.elements else {
            self.refuse(field, "must be a list")
            return []
        }
        guard counts.contains(elements.count) else {
            self.refuse(field, "must have \(counts.lowerBound) to \(counts.upperBound) elements")
            return []
        }
        return elements.enumerated().map { index, element in
            read(Fields(element, path: "\(self.name(field))[\(index)]", findings: self.findings))
        }
    }
}
