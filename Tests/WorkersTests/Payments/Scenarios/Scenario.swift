import Conveyor
import Shop
import Testing

/// A scenario of an order's payment: the actions and the expected result.
struct Scenario: Sendable, CustomTestStringConvertible {
    let name: String
    let play: @Sendable (Stage, ID) async throws -> Void
    let outcome: Outcome
    var testDescription: String { self.name }

    init(_ name: String, _ outcome: Outcome, _ play: @escaping @Sendable (Stage, ID) async throws -> Void) {
        self.name = name
        self.play = play
        self.outcome = outcome
    }
}
