import FoundationEssentials

/// JSON in messages and in Postgres: members in declaration order, no escaped slashes, times in the form of ``Timestamp``.
///
/// A coder of our own: every order is encoded and decoded ten times, and Foundation's coder takes two and a half times as long
/// (`ops/docs/speed.md`). It follows Foundation's rules, except that it refuses a trailing comma.
public enum JSON {
    /// Encodes a value.
    /// - Throws: an `EncodingError` for a number that is not finite, or the value's own error.
    public static func encode(_ value: some Encodable) throws -> [UInt8] {
        let output = JSONOutput()
        try output.append(value: value)
        return output.bytes
    }

    /// Encodes a value with sorted keys: the same bytes for the same value in every process, even with dictionaries.
    /// - Throws: as ``encode(_:)``.
    public static func canonical(_ value: some Encodable) throws -> [UInt8] { Array(try self.canonicalEncoder.encode(value)) }

    /// Safe to share: it copies its options under a lock at the start of each call, and no code changes them.
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

    /// Decodes a JSON text.
    /// - Throws: a `DecodingError`; ``explain(_:)`` describes it in words that are safe to show.
    public static func decode<Value: Decodable>(_ type: Value.Type = Value.self, from bytes: [UInt8]) throws -> Value {
        do {
            return try JSONReader(document: JSONDocument(bytes, within: .none), index: 0).value(type)
        } catch is Limits.Exceeded {
            throw JSONDocument.malformed
        }
    }

    /// Limits for external texts.
    public struct Limits: Sendable {
        /// Values and names, in total.
        public var values: Int
        /// Nested arrays and objects.
        public var depth: Int

        /// The limits of a text.
        public init(values: Int, depth: Int) {
            self.values = values
            self.depth = depth
        }

        /// Any size; only deeper nesting is refused, since walking it would overflow the stack.
        static let none = Limits(values: .max, depth: 512)

        /// Names the exceeded limit, e.g. `20000 values`.
        public enum Exceeded: Error, CustomStringConvertible {
            /// More values and names than this.
            case values(Int)
            /// More levels than this.
            case depth(Int)

            /// The exceeded limit.
            public var description: String {
                switch self {
                case .values(let limit): "\(limit) values and names"
                case .depth(let limit): "\(limit) levels"
                }
            }
        }
    }

    /// The reason and the position of a decoding error. Never contains a value of the text, which may be confidential.
    public static func explain(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "not valid" }
        switch error {
        case .keyNotFound(let key, let context): return "\(Self.path(context.codingPath + [key])) is missing"
        case .valueNotFound(_, let context): return "\(Self.path(context.codingPath)) is null"
        case .typeMismatch(let type, let context): return "\(Self.path(context.codingPath)) is not \(Self.name(of: type))"
        case .dataCorrupted(let context):
            // Foundation reports a number out of range in the same way.
            return context.codingPath.isEmpty ? "not JSON, or a number does not fit" : "\(Self.path(context.codingPath)) is not valid"
        @unknown default: return "not valid"
        }
    }

    /// A path in the usual form: `items[0].quantity`.
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
