import FoundationEssentials

/// JSON as it travels in messages and is kept in Postgres: members in the order of the type's, no escaped slashes, times as ``Timestamp`` writes them.
///
/// Of our own, since every order is written and read as JSON ten times, and Foundation's encoder and decoder take two and a half times as long
/// (`ops/docs/speed.md`). It keeps to their rules, but for a comma before the end, which is no JSON.
public enum JSON {
    /// The JSON of a value.
    /// - Throws: an `EncodingError`: a number that is not finite, or the value's own.
    public static func encode(_ value: some Encodable) throws -> [UInt8] {
        let output = JSONOutput()
        try output.append(value: value)
        return output.bytes
    }

    /// The JSON of a value with its keys sorted: the same bytes for the same value in every process, whatever dictionaries are in it.
    /// - Throws: as ``encode(_:)``.
    public static func canonical(_ value: some Encodable) throws -> [UInt8] { Array(try self.canonicalEncoder.encode(value)) }

    /// Serves all threads: it copies its options under a lock at the start of each call, and nobody changes them.
    /// https://github.com/swiftlang/swift-foundation/blob/main/Sources/FoundationEssentials/JSON/JSONEncoder.swift (`@unchecked Sendable`)
    private static let canonicalEncoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(Timestamp.string(date))
        }
        return encoder
    }()

    /// The value of a JSON text.
    /// - Throws: a `DecodingError`; ``explain(_:)`` puts it in words that may be shown.
    public static func decode<Value: Decodable>(_ type: Value.Type = Value.self, from bytes: [UInt8]) throws -> Value {
        do {
            return try JSONReader(document: JSONDocument(bytes, within: .none), index: 0).value(type)
        } catch is Limits.Exceeded {
            throw JSONDocument.malformed
        }
    }

    /// What a text from outside may cost to read.
    public struct Limits: Sendable {
        /// Values and names, all together.
        public var values: Int
        /// Arrays and objects within each other.
        public var depth: Int

        /// What a text may have at most.
        public init(values: Int, depth: Int) {
            self.values = values
            self.depth = depth
        }

        /// Whatever fits; deeper ones are refused: whoever walks them would run out of stack.
        static let none = Limits(values: .max, depth: 512)

        /// What a text has too much of, e.g. `20000 values`.
        public enum Exceeded: Error, CustomStringConvertible {
            /// More values and names than this.
            case values(Int)
            /// Deeper than this.
            case depth(Int)

            /// What there may be.
            public var description: String {
                switch self {
                case .values(let limit): "\(limit) values and names"
                case .depth(let limit): "\(limit) levels"
                }
            }
        }
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
