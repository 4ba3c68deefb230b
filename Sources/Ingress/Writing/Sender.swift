import Conveyor
import Synchronization

/// This process as one that accepts commands, and its clock, which never goes back: of two of its commands the time says which was accepted first.
final class Sender: Sendable {
    /// Another one after each start.
    let id = String(UInt32.random(in: .min ... .max), radix: 16)
    private let last = Atomic<Int64>(0)

    /// Milliseconds since 1970.
    func now() -> Int64 { self.last.max(Clock.milliseconds(), ordering: .relaxed).newValue }
}
