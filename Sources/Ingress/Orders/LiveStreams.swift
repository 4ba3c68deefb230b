import Conveyor
import ServiceLifecycle
import Shop
import Synchronization

/// Wakes all open event streams regularly: for a keep-alive comment, and at the end of the process.
///
/// One task serves all of them, so an idle stream needs no timer.
final class LiveStreams: Service {
    /// Proxies close idle connections, most of them after a minute.
    static let interval = 15

    private let limit: ConcurrencyLimit<ID>

    /// - Parameter limit: streams per account.
    init(limit: Int) { self.limit = ConcurrencyLimit(limit) }

    /// Reserves a stream for an account, for the lifetime of the returned object.
    /// - Throws: `Refusal` `rate_limited`.
    func admit(_ account: ID) throws(Refusal) -> ConcurrencyLimit<ID>.Place {
        guard let place = self.limit.place(for: account) else {
            throw Refusal.tooMany("An account has \(self.limit.limit) streams at most", wait: .seconds(Self.interval))
        }
        return place
    }

    private struct State {
        /// Grouped by the second of the interval in which they are due.
        var listeners = [[ObjectIdentifier: ChangeFeed.Listener]](repeating: [:], count: LiveStreams.interval)
        var second = 0
        var isOver = false
    }

    private let state = Mutex(State())

    /// Whether the process is ending, so that streams must end.
    var isOver: Bool { self.state.withLock(\.isOver) }

    /// Wakes a listener every ``interval`` seconds, beginning after the first.
    func join(_ listener: ChangeFeed.Listener) -> Place {
        self.state.withLock { state in
            state.listeners[state.second][ObjectIdentifier(listener)] = listener
            return Place(second: state.second, listener: ObjectIdentifier(listener))
        }
    }

    /// The place of a registered listener.
    struct Place {
        fileprivate let second: Int
        fileprivate let listener: ObjectIdentifier
    }

    /// Unregisters the listener.
    func leave(_ place: Place) { self.state.withLock { $0.listeners[place.second][place.listener] = nil } }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                let due = self.state.withLock { state in
                    state.second = (state.second + 1) % Self.interval
                    return Array(state.listeners[state.second].values)
                }
                for listener in due { listener.pulse() }
            }
        }
        let all = self.state.withLock { state in
            state.isOver = true
            return state.listeners.flatMap(\.values)
        }
        for listener in all { listener.pulse() }
    }
}
