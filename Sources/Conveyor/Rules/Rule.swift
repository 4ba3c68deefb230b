/// A rule for one kind of value from any input: a request, a file or a message. The rules follow below.
///
///     let sku = try Rule.sku.read(text)
public struct Rule<Value: Sendable>: Sendable {
    private let reading: @Sendable (Value) throws(Violation) -> Value

    /// - Parameter reading: returns the normalised value, or throws the violation.
    public init(_ reading: @escaping @Sendable (Value) throws(Violation) -> Value) { self.reading = reading }

    /// The normalised value.
    /// - Throws: the violation.
    public func read(_ value: Value) throws(Violation) -> Value { try self.reading(value) }
}

/// A violation: the rest of a sentence that begins with the field's name, such as `must be a UUID`. It does not repeat the value.
public struct Violation: Error, Sendable, Equatable {
    /// The rest of the sentence.
    public let message: String

    /// The rest of the sentence.
    public init(_ message: String) { self.message = message }
}

extension FixedWidthInteger {
    /// An integer in queries and files; `16.0` counts as one, as in JSON. nil for other texts, or if it does not fit.
    public init?(whole text: some StringProtocol) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let digits = parts.first, parts.count == 1 || !parts[1].isEmpty && parts[1].utf8.allSatisfy({ $0 == UInt8(ascii: "0") }) else {
            return nil
        }
        self.init(digits)
    }
}

extension Rule where Value: FixedWidthInteger {
    /// A number within a range.
    public static func number(_ range: ClosedRange<Value>) -> Rule {
        Rule { number throws(Violation) in
            guard range.contains(number) else { throw Violation("must be between \(range.lowerBound) and \(range.upperBound)") }
            return number
        }
    }

    /// A quantity that fits into a column of type `integer`.
    public static var count: Rule { .number(0...Value(clamping: Int32.max)) }

    /// A difference of two counts.
    public static var difference: Rule { .number(Value(clamping: -Int32.max)...Value(clamping: Int32.max)) }
}
