/// Checks the fields of a message by the rules for requests and files, and collects the violations.
public struct FieldCheck: Sendable {
    /// The consequence of a violation.
    public enum Consequence: Sendable {
        /// The command is rejected as `invalid`: an older ingress may have accepted the value.
        case answer
        /// The message becomes a dead letter: no version sends such a value.
        case deadLetter
    }

    /// A violation.
    public struct Finding: Sendable, CustomStringConvertible {
        /// The field and the violated rule.
        public let error: Problem.FieldError
        /// The consequence for the message.
        public let consequence: Consequence
        /// The value of a number; texts are not repeated, since they may concern a person.
        fileprivate let value: String?

        /// A sentence: `items[0].quantity is 0, must be between 1 and 1000`.
        public var description: String {
            self.value.map { "\(self.error.field) is \($0), \(self.error.message)" } ?? "\(self.error.field) \(self.error.message)"
        }
    }

    /// The violations, in the order of the fields.
    public private(set) var findings: [Finding] = []
    private var path = ""

    /// A check without violations.
    public init() {}

    /// Checks a text, or a list of texts; a missing one is valid.
    public mutating func check<Value: Sendable>(_ field: String, _ value: Value?, _ rule: Rule<Value>, _ consequence: Consequence = .answer) {
        guard let value else { return }
        do throws(Violation) { _ = try rule.read(value) } catch { self.refuse(field, nil, error.message, consequence) }
    }

    /// Checks a number; a missing one is valid.
    public mutating func check<Number: FixedWidthInteger & Sendable>(
        _ field: String, _ value: Number?, _ rule: Rule<Number>, _ consequence: Consequence = .answer
    ) {
        guard let value else { return }
        do throws(Violation) { _ = try rule.read(value) } catch { self.refuse(field, String(value), error.message, consequence) }
    }

    /// Adds a violation.
    /// - Parameter value: the value, unless it may concern a person.
    public mutating func refuse(_ field: String, _ value: String?, _ message: String, _ consequence: Consequence) {
        self.findings.append(Finding(error: .init(field: self.path + field, message: message), consequence: consequence, value: value))
    }

    /// Checks the content of a field.
    public mutating func within(_ field: String, _ body: (inout FieldCheck) -> Void) {
        let outer = self.path
        self.path += field + "."
        body(&self)
        self.path = outer
    }
}
