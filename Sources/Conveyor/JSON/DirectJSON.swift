/// A value that reads and writes its JSON directly, beside `Codable`: for the few messages that every order sends.
///
/// `Codable` reaches each member through a boxed generic container, which takes most of the time of coding a small message (`ops/docs/speed.md`).
/// Both ways agree: tests compare their bytes, and whatever ``init(json:)`` does not read, `Codable` reads or explains.
public protocol DirectJSON {
    /// Reads the usual form of the value.
    /// - Throws: for any other form, which need not be wrong.
    init(json: JSONElement) throws(JSONElement.Unusual)
    /// Writes the members that `Codable` would write, in the same order.
    func write(to json: inout JSONMembers)
}

extension Message where Self: DirectJSON {
    /// The payload's JSON, written directly.
    public func encoded() -> [UInt8] {
        var json = JSONMembers()
        json.object(self)
        return json.bytes
    }

    /// Reads a payload, directly if it has the usual form.
    public static func decoded(from body: [UInt8]) throws -> Self {
        do {
            return try JSONElement(body, within: .none).object()
        } catch {
            return try JSON.decode(from: body)
        }
    }
}

/// The members of JSON objects under construction.
public struct JSONMembers {
    /// The text so far.
    public private(set) var bytes: [UInt8] = []

    init() { self.bytes.reserveCapacity(512) }

    fileprivate mutating func object(_ value: some DirectJSON) {
        self.bytes.append(UInt8(ascii: "{"))
        value.write(to: &self)
        self.bytes.append(UInt8(ascii: "}"))
    }

    private mutating func begin(_ name: StaticString) {
        if self.bytes.last != UInt8(ascii: "{") { self.bytes.append(UInt8(ascii: ",")) }
        self.bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { self.bytes += $0 }
        self.bytes.append(UInt8(ascii: "\""))
        self.bytes.append(UInt8(ascii: ":"))
    }

    /// Writes a member.
    /// - Parameter name: without characters that JSON escapes.
    public mutating func add(_ name: StaticString, _ id: ID) {
        self.begin(name)
        self.bytes.append(UInt8(ascii: "\""))
        id.appendDescription(to: &self.bytes)
        self.bytes.append(UInt8(ascii: "\""))
    }

    /// Writes a member.
    public mutating func add(_ name: StaticString, _ text: String) {
        self.begin(name)
        self.bytes.append(jsonText: text)
    }

    /// Writes a member.
    public mutating func add(_ name: StaticString, _ number: some FixedWidthInteger) {
        self.begin(name)
        self.bytes.append(jsonNumber: number)
    }

    /// Writes a member.
    public mutating func add(_ name: StaticString, _ value: some DirectJSON) {
        self.begin(name)
        self.object(value)
    }

    /// Writes a member.
    public mutating func add(_ name: StaticString, _ values: [some DirectJSON]) {
        self.begin(name)
        self.bytes.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { self.bytes.append(UInt8(ascii: ",")) }
            self.object(value)
        }
        self.bytes.append(UInt8(ascii: "]"))
    }
}

extension JSONElement {
    /// A value has another form than the usual one.
    public struct Unusual: Error {}

    fileprivate func object<Value: DirectJSON>() throws(Unusual) -> Value {
        guard self.isObject else { throw Unusual() }
        return try Value(json: self)
    }

    private func present(_ name: String) -> JSONElement? { self.member(name).flatMap { $0.isNull ? nil : $0 } }

    /// A text.
    public func text(_ name: String) throws(Unusual) -> String {
        guard let text = self.member(name)?.string else { throw Unusual() }
        return text
    }

    /// A text; nil if missing or null.
    public func optionalText(_ name: String) throws(Unusual) -> String? {
        guard let element = self.present(name) else { return nil }
        guard let text = element.string else { throw Unusual() }
        return text
    }

    /// An id.
    public func id(_ name: String) throws(Unusual) -> ID {
        guard let id = self.member(name)?.id else { throw Unusual() }
        return id
    }

    /// An id; nil if missing or null.
    public func optionalID(_ name: String) throws(Unusual) -> ID? {
        guard let element = self.present(name) else { return nil }
        guard let id = element.id else { throw Unusual() }
        return id
    }

    /// A whole number.
    public func number(_ name: String) throws(Unusual) -> Int64 {
        guard let number = self.member(name)?.integer else { throw Unusual() }
        return number
    }

    /// A whole number; nil if missing or null.
    public func optionalNumber(_ name: String) throws(Unusual) -> Int64? {
        guard let element = self.present(name) else { return nil }
        guard let number = element.integer else { throw Unusual() }
        return number
    }

    /// An object.
    public func value<Value: DirectJSON>(_ name: String) throws(Unusual) -> Value {
        guard let element = self.member(name) else { throw Unusual() }
        return try element.object()
    }

    /// An object; nil if missing or null.
    public func optionalValue<Value: DirectJSON>(_ name: String) throws(Unusual) -> Value? {
        guard let element = self.present(name) else { return nil }
        return try element.object()
    }

    /// A list of objects.
    public func list<Value: DirectJSON>(_ name: String) throws(Unusual) -> [Value] {
        guard let elements = self.member(name)?.elements else { throw Unusual() }
        var values: [Value] = []
        values.reserveCapacity(elements.count)
        for element in elements { values.append(try element.object()) }
        return values
    }

    /// A list of objects; nil if missing or null.
    public func optionalList<Value: DirectJSON>(_ name: String) throws(Unusual) -> [Value]? {
        self.present(name) == nil ? nil : try self.list(name)
    }
}
