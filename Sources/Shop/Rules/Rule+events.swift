public import Conveyor

extension Rule<String> {
    /// A type of event, `<area>.*` or `*`.
    public static var eventPattern: Rule {
        Rule { text throws(Violation) in
            guard PublicEvents.isPattern(text) else { throw Violation("must be a type of event, such as order.paid, or order.*, or *") }
            return text
        }
    }
}

extension Rule<[String]> {
    /// The events that an endpoint subscribes to: 1 to 50 patterns.
    public static var eventPatterns: Rule {
        Rule { patterns throws(Violation) in
            guard 1...50 ~= patterns.count else { throw Violation("must have 1 to 50 elements") }
            for pattern in patterns { _ = try Rule<String>.eventPattern.read(pattern) }
            return patterns
        }
    }
}
