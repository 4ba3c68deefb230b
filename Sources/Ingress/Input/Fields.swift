import Conveyor
import FoundationEssentials
import Shop

/// Reads the fields of a client's JSON object and collects all errors, so that one answer names them all.
///
///     let order = try await request.read { fields in
///         OrderInput(items: fields.list("items", 1...100) { … }, note: fields.optionalString("note", 0...200))
///     }
final class Fields {
    /// The errors of the whole body.
    final class Findings {
        fileprivate(set) var errors: [Problem.FieldError] = []
    }

    /// nil if the value is not an object.
    private let object: JSONElement?
    private let path: String
    let findings: Findings

    /// The fields of an object; reports an error for any other value.
    init(_ element: JSONElement, path: String, findings: Findings) {
        self.path = path
        self.findings = findings
        self.object = element.isObject ? element : nil
        if self.object == nil { findings.errors.append(.init(field: path.isEmpty ? "body" : path, message: "must be an object")) }
    }

    private func name(_ field: String) -> String { self.path.isEmpty ? field : "\(self.path).\(field)" }

    /// Reports an error in a field.
    func refuse(_ field: String, _ message: String) {
        // If the value is not an object, its fields have no errors of their own.
        if self.object != nil { self.findings.errors.append(.init(field: self.name(field), message: message)) }
    }

    /// Whether the field is present, even as null.
    func has(_ field: String) -> Bool { self.object?.member(field) != nil }

    /// Whether the field is present and null.
    func isNull(_ field: String) -> Bool { self.object?.member(field)?.isNull ?? false }

    /// Reports `null` in a merge patch (RFC 7396) for a field that cannot be removed.
    func refuseNull(_ fields: String...) {
        for field in fields where self.isNull(field) { self.refuse(field, "must not be null") }
    }

    /// The value of a field; nil if missing or null.
    private func element(_ field: String) -> JSONElement? { self.object?.member(field).flatMap { $0.isNull ? nil : $0 } }

    /// The value of a field; nil if missing or null. Reports another type as an error.
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

    /// Applies a rule to a value; if the value breaks it, reports that and returns nil.
    private func read<Value>(_ field: String, _ value: Value?, _ rule: Rule<Value>) -> Value? {
        guard let value else { return nil }
        do throws(Violation) {
            return try rule.read(value)
        } catch {
            self.refuse(field, error.message)
            return nil
        }
    }

    /// An optional text that follows a rule.
    func optional(_ field: String, _ rule: Rule<String>) -> String? { self.read(field, self.value(field, "a string", \.string), rule) }

    /// A required text that follows a rule.
    func required(_ field: String, _ rule: Rule<String>) -> String { self.require(field, self.optional(field, rule), "") }

    /// An optional text with a length in characters.
    func optionalString(_ field: String, _ lengths: ClosedRange<Int>) -> String? { self.optional(field, .text(lengths)) }

    /// A required text with a length in characters.
    func string(_ field: String, _ lengths: ClosedRange<Int>) -> String { self.required(field, .text(lengths)) }

    /// An optional list with a limited number of texts that follow a rule.
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

    /// An optional integer that follows a rule; `16.0` counts as one.
    func optional<Number: FixedWidthInteger & Sendable>(_ field: String, _ rule: Rule<Number>) -> Number? {
        guard let element = self.element(field) else { return nil }
        let whole: Int64
        if let number = element.integer {
            whole = number
        } else if let number = element.double, number.rounded() == number {
            // Larger numbers become the largest integer, which every rule refuses.
            whole = Int64(exactly: number) ?? (number < 0 ? .min : .max)
        } else {
            self.refuse(field, "must be an integer")
            return nil
        }
        return self.read(field, Number(clamping: whole), rule)
    }

    /// A required integer that follows a rule.
    func required<Number: FixedWidthInteger & Sendable>(_ field: String, _ rule: Rule<Number>) -> Number {
        self.require(field, self.optional(field, rule), 0)
    }

    /// An optional time in milliseconds since 1970: browsers send such a number, while this API uses RFC 3339.
    func optionalInstant(_ field: String) -> Int64? {
        guard let element = self.element(field) else { return nil }
        if let text = element.string {
            guard let date = Timestamp.date(text) else {
                self.refuse(field, "must be a time, as milliseconds since 1970 or as RFC 3339 has it")
                return nil
            }
            return self.read(field, Clock.milliseconds(date), .pushExpiry)
        }
        // Browsers send fractions of a millisecond.
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

    /// A required UUID.
    func id(_ field: String) -> ID { self.require(field, self.optionalID(field), ID(high: 0, low: 0)) }

    /// An optional object; `read` reads its fields.
    func optionalObject<Value>(_ field: String, _ read: (Fields) -> Value) -> Value? {
        self.element(field).map { read(Fields($0, path: self.name(field), findings: self.findings)) }
    }

    /// A required object; `read` reads its fields.
    func object<Value>(_ field: String, _ read: (Fields) -> Value) -> Value? {
        let value = self.optionalObject(field, read)
        if value == nil { self.refuse(field, "is required") }
        return value
    }

    /// A list with a limited number of objects; `read` reads the fields of each.
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
