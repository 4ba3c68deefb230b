/// Looks at the fields of a message, each by the rule that requests and files are read by, and gathers what breaks one.
public struct FieldCheck: Sendable {
    /// What becomes of a message with a field that breaks its rule.
    public enum Consequence: Sendable {
        /// Whoever asked gets `invalid` as the answer: an older ingress may have taken what is refused today.
        case answer
        /// A person must look: no version of ours sends that.
        case deadLetter
    }

    /// A field that breaks its rule.
    public struct Finding: Sendable, CustomStringConvertible {
        /// The field and how it breaks its rule.
        public let error: Problem.FieldError
        /// What becomes of the message.
        public let consequence: Consequence
        /// The value of a number; of a text nothing is repeated, as it may be about a person.
        fileprivate let value: String?

        /// In a sentence: `items[0].quantity is 0, must be between 1 and 1000`.
        public var description: String {
            self.value.map { "\(self.error.field) is \($0), \(self.error.message)" } ?? "\(self.error.field) \(self.error.message)"
        }
    }

    /// What was found, in the order of the fields.
    public private(set) var findings: [Finding] = []
    private var path = ""

    /// A check that has found nothing.
    public init() {}

    /// Looks at a text, or a list of texts; what is not there is right.
    public mutating func check<Value: Sendable>(_ field: String, _ value: Value?, _ rule: Rule<Value>, _ consequence: Consequence = .answer) {
        guard let value else { return }
        do throws(Violation) { _ = try rule.read(value) } catch { self.refuse(field, nil, error.message, consequence) }
    }

    /// Looks at a number; what is not there is right.
    public mutating func check<Number: FixedWidthInteger & Sendable>(
        _ field: String, _ value: Number?, _ rule: Rule<Number>, _ consequence: Consequence = .answer
    ) {
        guard let value else { return }
        do throws(Violation) { _ = try rule.read(value) } catch { self.refuse(field, String(value), error.message, consequence) }
    }

    /// Notes that a field breaks a rule.
    /// - Parameter value: what it is, if it is nothing about a person.
    public mutating func refuse(_ field: String, _ value: String?, _ message: String, _ consequence: Consequence) {
        self.findings.append(Finding(error: .init(field: self.path + field, message: message), consequence: consequence, value: value))
    }

    /// Looks at what is within a field.
    public mutating func within(_ field: String, _ body: (inout FieldCheck) -> Void) {
        let outer = self.path
        self.path += field + "."
        body(&self)
        self.path = outer
    }
}
