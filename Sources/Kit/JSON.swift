import FoundationEssentials

/// JSON as it travels in messages and is kept in Postgres: no escaped slashes, times as ``Timestamp`` writes them.
///
/// The encoders and the decoder serve all threads: they copy their options under a lock at the start of each call and keep the state of the
/// call itself in a value of its own, and nobody changes the options after they were made here.
/// https://github.com/swiftlang/swift-foundation/blob/main/Sources/FoundationEssentials/JSON/JSONEncoder.swift (`@unchecked Sendable`)
public enum JSON {
    private static let encoder = Self.encoder(.withoutEscapingSlashes)
    private static let canonicalEncoder = Self.encoder([.withoutEscapingSlashes, .sortedKeys])

    private static func encoder(_ formatting: JSONEncoder.OutputFormatting) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = formatting
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(Timestamp.string(date))
        }
        return encoder
    }

    private static let decoder: JSONDecoder = {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            guard let date = Timestamp.date(try container.decode(String.self)) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a time of RFC 3339")
            }
            return date
        }
        return decoder
    }()

    /// The JSON of a value.
    /// - Throws: an `EncodingError`: a number that is not finite, or the value's own.
    public static func encode(_ value: some Encodable) throws -> [UInt8] { Array(try self.encoder.encode(value)) }

    /// The JSON of a value with its keys sorted: the same bytes for the same value in every process.
    /// - Throws: as ``encode(_:)``.
    public static func canonical(_ value: some Encodable) throws -> [UInt8] { Array(try self.canonicalEncoder.encode(value)) }

    /// The value of a JSON text.
    /// - Throws: a `DecodingError`; ``explain(_:)`` puts it in words that may be shown.
    public static func decode<Value: Decodable>(_ type: Value.Type = Value.self, from bytes: [UInt8]) throws -> Value {
        try self.decoder.decode(type, from: Data(bytes))
    }

    /// What is wrong with a text that did not decode, and where: never a value of it, as that may be anything.
    public static func explain(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "not valid" }
        switch error {
        case .keyNotFound(let key, let context): return "\(Self.path(context.codingPath + [key])) is missing"
        case .valueNotFound(_, let context): return "\(Self.path(context.codingPath)) is null"
        case .typeMismatch(let type, let context): return "\(Self.path(context.codingPath)) is not \(Self.name(of: type))"
        case .dataCorrupted(let context):
            // Foundation says the same of a number that its type cannot hold.
            return context.codingPath.isEmpty ? "not JSON, or a number does not fit" : "\(Self.path(context.codingPath)) is not valid"
        @unknown default: return "not valid"
        }
    }

    /// A path as people write it: `items[0].quantity`.
    private static func path(_ keys: [any CodingKey]) -> String {
        var path = ""
        for key in keys {
            if let index = key.intValue { path += "[\(index)]" } else { path += path.isEmpty ? key.stringValue : ".\(key.stringValue)" }
        }
        return path.isEmpty ? "the whole" : path
    }

    private static func name(of type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is any BinaryInteger.Type: "a whole number"
        case is any BinaryFloatingPoint.Type: "a number"
        case is [String: Any].Type: "an object"
        case is [Any].Type: "a list"
        default: "of the right type"
        }
    }
}
