import Conveyor
import Synchronization

/// Identifies this process as the sender of commands, with a clock that never goes back: its commands sort by their time of acceptance.
final class Sender: Sendable {
    /// A new one for each start.
    let id = String(UInt32.random(in: .min ... .max), radix: 16)
    private let last = Atomic<Int64>(0)

    /// Milliseconds since 1970.
    func now() -> Int64 { self.last.max(Clock.milliseconds(), ordering: .relaxed).newValue }
}
