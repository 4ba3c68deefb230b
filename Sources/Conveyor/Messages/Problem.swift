/// A problem document (RFC 9457): a handler's answer when it rejects a message, which an HTTP API shows to the client.
public struct Problem: Error, Sendable, Equatable {
    /// The code, e.g. `superseded`.
    public var code: Code
    /// An explanation of this occurrence for people.
    public var detail: String
    /// The invalid fields, for `invalid`.
    public var errors: [FieldError]?
    /// An application's own members, by name (RFC 9457, section 3.2).
    public var extensions: [String: JSONValue]

    /// An invalid field of a message or a request.
    public struct FieldError: Codable, Sendable, Equatable {
        /// The path of the field, e.g. `items[0].quantity`.
        public var field: String
        /// The violated rule, without the field's value.
        public var message: String

        /// An invalid field of a request.
        public init(field: String, message: String) {
            self.field = field
            self.message = message
        }
    }

    /// A problem with this code and detail.
    public init(_ code: Code, _ detail: String, errors: [FieldError]? = nil, extensions: [String: JSONValue] = [:]) {
        self.code = code
        self.detail = detail
        self.errors = errors
        self.extensions = extensions
    }
}

extension Problem {
    /// The code of a problem. An application adds its own:
    ///
    ///     extension Problem.Code { static let outOfStock = Self("out_of_stock") }
    public struct Code: RawRepresentable, Codable, Sendable, Hashable {
        /// The code in storage and in answers, in snake case.
        public let rawValue: String

        /// The code with a name.
        public init(rawValue: String) { self.rawValue = rawValue }
        /// The code with a name.
        public init(_ rawValue: String) { self.rawValue = rawValue }

        /// Fields violate their rules: see ``Problem/errors``.
        public static let invalid = Self("invalid")
        /// A newer change took effect first.
        public static let superseded = Self("superseded")
        /// An operator's rule skipped the message.
        public static let skipped = Self("skipped")
    }
}

extension Problem: Codable {
    private struct Member: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { self.stringValue = name }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { nil }

        static let code = Member("code")
        static let detail = Member("detail")
        static let errors = Member("errors")
        static let own: Set<String> = ["code", "detail", "errors"]
    }

    /// A JSON object; members beside `code`, `detail` and `errors` are ``extensions``.
    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Member.self)
        self.code = try members.decode(Code.self, forKey: .code)
        self.detail = try members.decode(String.self, forKey: .detail)
        self.errors = try members.decodeIfPresent([FieldError].self, forKey: .errors)
        self.extensions = [:]
        for member in members.allKeys where !Member.own.contains(member.stringValue) {
            let value = try members.decode(JSONValue.self, forKey: member)
            if value != .null { self.extensions[member.stringValue] = value }
        }
    }

    /// A JSON object with the members of ``extensions``.
    public func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: Member.self)
        try members.encode(self.code, forKey: .code)
        try members.encode(self.detail, forKey: .detail)
        for (name, value) in self.extensions.sorted(by: { $0.key < $1.key }) where !Member.own.contains(name) {
            try members.encode(value, forKey: Member(name))
        }
        try members.encodeIfPresent(self.errors, forKey: .errors)
    }
}
