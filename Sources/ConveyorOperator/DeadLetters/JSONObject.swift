import Conveyor

/// Builds a JSON object from values, and from texts that are already JSON, which stay unchanged.
public struct JSONObject {
    private var text: [UInt8] = [UInt8(ascii: "{")]

    /// No members yet.
    public init() {}

    /// With the members of an encoded value.
    /// - Throws: an `EncodingError`.
    public init(_ value: some Encodable) throws {
        self.text = Array(try JSON.encode(value).dropLast())
    }

    /// With the members of a text that is a JSON object.
    public init(json: [UInt8]) {
        self.text = Array(json[..<(json.lastIndex(of: UInt8(ascii: "}")) ?? json.endIndex)])
    }

    /// Adds a member.
    public mutating func add(_ name: String, _ value: some Encodable) throws { self.add(name, json: try JSON.encode(value)) }

    /// Adds a member whose value is already JSON; nil is null.
    public mutating func add(_ name: String, json: [UInt8]?) {
        if self.text.contains(where: { $0 != UInt8(ascii: "{") && $0 != UInt8(ascii: " ") }) { self.text.append(UInt8(ascii: ",")) }
        // Names are our own, of letters and underscores.
        self.text += Array("\"\(name)\":".utf8) + (json ?? Array("null".utf8))
    }

    /// The text.
    public var bytes: [UInt8] { self.text + [UInt8(ascii: "}")] }

    /// A JSON array of texts that are already JSON.
    public static func array(_ elements: some Sequence<[UInt8]>) -> [UInt8] {
        var text: [UInt8] = [UInt8(ascii: "[")]
        for element in elements {
            if text.count > 1 { text.append(UInt8(ascii: ",")) }
            text += element
        }
        return text + [UInt8(ascii: "]")]
    }
}
