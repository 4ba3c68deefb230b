/// A JSON value whose members keep their order, as the double sends it.
///
/// `raw` contains finished JSON text (the snapshot inside a stored event), which need not be parsed and rendered again.
indirect enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([Member])
    case raw(String)

    /// One name and its value.
    struct Member: Sendable, Equatable {
        var name: String
        var value: JSON
    }

    /// The member with a name; nil if there is none, or this is not an object.
    subscript(name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// A string, or null.
    static func text(_ text: String?) -> JSON { text.map(JSON.string) ?? .null }
    /// An integer, or null.
    static func count(_ count: Int?) -> JSON { count.map(JSON.integer) ?? .null }
    /// Metadata, by name.
    static func table(_ table: [String: String]) -> JSON {
        .object(table.sorted { $0.key < $1.key }.map { Member(name: $0.key, value: .string($0.value)) })
    }

    /// The members of `before` that differ in `after`: the `previous_attributes` of an event.
    static func previous(_ before: JSON, _ after: JSON) -> JSON {
        guard case .object(let members) = before else { return .object([]) }
        return .object(members.filter { after[$0.name] != $0.value })
    }

    /// Only the named members of an object.
    func only(_ names: Set<String>) -> JSON {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { names.contains($0.name) })
    }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    init(nilLiteral: ()) { self = .null }
    init(booleanLiteral value: Bool) { self = .bool(value) }
    init(integerLiteral value: Int) { self = .integer(value) }
    init(stringLiteral value: String) { self = .string(value) }
    init(arrayLiteral elements: JSON...) { self = .array(elements) }
    init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(elements.map { Member(name: $0.0, value: $0.1) })
    }
}
