import Conveyor
import ServiceLifecycle
import Shop
import Synchronization

/// Gives every open stream of events a pulse: wakes it when it is time for a sign of life, and when the process ends.
///
/// One task for all of them, so an idle stream costs no timer of its own.
final class LiveStreams: Service {
    /// A proxy cuts what is silent for long; most allow a minute.
    static let interval = 15

    private let limit: ConcurrencyLimit<ID>

    /// - Parameter limit: streams of an account.
    init(limit: Int) { self.limit = ConcurrencyLimit(limit) }

    /// Lets an account have one more stream, as long as what is returned lives.
    /// - Throws: `Refusal` `rate_limited`.
    func admit(_ account: ID) throws(Refusal) -> ConcurrencyLimit<ID>.Place {
        guard let place = self.limit.place(for: account) else {
            throw Refusal.tooMany("An account has \(self.limit.limit) streams at most", wait: .seconds(Self.interval))
        }
        return place
    }

    private struct State {
        /// By the second of the interval at which they are due.
        var listeners = [[ObjectIdentifier: ChangeFeed.Listener]](repeating: [:], count: LiveStreams.interval)
        var second = 0
        var isOver = false
    }

    private let state = Mutex(State())

    /// Whether the process ends, so that streams must.
    var isOver: Bool { self.state.withLock(\.isOver) }

    /// Wakes a listener every ``interval`` seconds, for the first time after as many.
    func join(_ listener: ChangeFeed.Listener) -> Place {
        self.state.withLock { state in
            state.listeners[state.second][ObjectIdentifier(listener)] = listener
            return Place(second: state.second, listener: ObjectIdentifier(listener))
        }
    }

    /// Where a listener is kept.
    struct Place {
        fileprivate let second: Int
        fileprivate let listener: ObjectIdentifier
    }

    /// Wakes it no more.
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
