import Conveyor
import Postgres
import Shop
import Synchronization

/// A cache of database reads: the feed's events invalidate it, and it is valid only while they are received.
///
/// Concurrent misses of a key share one read. A value that changes during its read goes to the requests that asked before the change, and is not
/// cached. While the database is unreachable, the last known value is served, unless it is known to have changed.
final class ReadCache<Value: Sendable>: Sendable {
    private struct Entry {
        /// The freshness of a cached value.
        enum State {
            case valid
            /// Changes were missed for a while: it may be outdated.
            case unheard
            /// It has changed: it is outdated.
            case changed
        }

        var value: Value
        var state: State
        var storedAt: ContinuousClock.Instant
    }

    private final class Fill: Sendable {
        private let taint = Atomic<Int>(0)
        let task: Task<Value?, any Error>
        init(_ task: Task<Value?, any Error>) { self.task = task }

        /// The least that its result is outdated.
        func taint(_ state: Entry.State) {
            switch state {
            case .valid: break
            case .unheard: self.taint.bitwiseOr(1, ordering: .acquiringAndReleasing)
            case .changed: self.taint.bitwiseOr(2, ordering: .acquiringAndReleasing)
            }
        }

        /// The freshness of its result.
        var state: Entry.State {
            let taint = self.taint.load(ordering: .acquiring)
            return taint & 2 != 0 ? .changed : taint != 0 ? .unheard : .valid
        }
    }

    private struct State {
        var entries: [ID: Entry] = [:]
        var fills: [ID: Fill] = [:]
    }

    private let type: String
    private let capacity: Int
    private let isWhole: Bool
    private let isDecidedByDatabase: Bool
    private let feed: ChangeFeed
    /// The maximum age of a value, in case an event is lost.
    private let lifetime = Duration.seconds(60)
    private let state = Mutex(State())

    /// A cache of one type of resource.
    /// - Parameters:
    ///   - type: the type in the events, e.g. `product`.
    ///   - isDecidedByDatabase: whether expired values must not be served while the database is reachable, however slow it is.
    ///   - isWhole: whether a value is made of all resources of the type, so that one change drops everything.
    init(_ type: String, capacity: Int, isWhole: Bool = false, isDecidedByDatabase: Bool = false, feed: ChangeFeed) {
        self.type = type
        self.capacity = capacity
        self.isWhole = isWhole
        self.isDecidedByDatabase = isDecidedByDatabase
        self.feed = feed
        feed.subscribe { [weak self] in self?.drop($0) }
    }

    /// Reads values again that are known to be outdated.
    func drop(_ id: ID) { self.state.withLock { Self.invalidate(id, .changed, &$0) } }

    /// The cached value of an id, if it is fresh.
    func valid(_ id: ID) -> Value? { self.valid(id, .now)?.value }

    private func valid(_ id: ID, _ now: ContinuousClock.Instant) -> Entry? {
        guard self.feed.isCurrent(at: now), let entry = self.state.withLock({ $0.entries[id] }), entry.state == .valid,
            now - entry.storedAt < self.lifetime
        else {
            return nil
        }
        return entry
    }

    /// The value of an id, from the cache or from `read`.
    /// - Parameter read: returns nil if there is none; that is not cached, since it may be created at any moment.
    /// - Throws: the error of `read`, unless the last known value can be served.
    func value(_ id: ID, read: @escaping @Sendable () async throws -> Value?) async throws -> Value? {
        let now = ContinuousClock.now
        if let known = self.valid(id, now) { return known.value }
        // While changes are not received, a running read may have begun before one.
        let isHearing = self.feed.isCurrent(at: now)
        let fill = self.state.withLock { state in
            if isHearing, let fill = state.fills[id] { return fill }
            let fill = Fill(Task { try await read() })
            if !isHearing { fill.taint(.unheard) }
            state.fills[id] = fill
            return fill
        }
        do {
            let value = try await fill.task.value
            self.keep(value, of: id, fill, now)
            return value
        } catch {
            self.state.withLock { state in if state.fills[id] === fill { state.fills[id] = nil } }
            guard let error = error as? PostgresError, let old = self.state.withLock({ $0.entries[id] }), self.mayServe(old, error) else {
                throw error
            }
            return old.value
        }
    }

    /// Whether to serve an old value when the read fails: if the database is unreachable, unless the value is known to have changed; if it is slow,
    /// only a value that is known to be unchanged, and not if the database alone decides.
    private func mayServe(_ entry: Entry, _ error: PostgresError) -> Bool {
        switch entry.state {
        case .changed: false
        case .unheard: error.meansAway
        case .valid: error.meansAway || error.problem != nil && !self.isDecidedByDatabase
        }
    }

    /// The last known value of an id, and whether it is known to have changed.
    func lastKnown(_ id: ID) -> (value: Value, isChanged: Bool)? {
        self.state.withLock { $0.entries[id] }.map { ($0.value, $0.state == .changed) }
    }

    private func keep(_ value: Value?, of id: ID, _ fill: Fill, _ now: ContinuousClock.Instant) {
        self.state.withLock { state in
            guard state.fills[id] === fill else { return }
            state.fills[id] = nil
            guard let value else {
                state.entries[id] = nil
                return
            }
            if state.entries.count >= self.capacity, state.entries[id] == nil {
                // Evicts arbitrary entries: frequently read ones return at once.
                for key in Array(state.entries.keys.prefix(max(1, self.capacity / 8))) { state.entries[key] = nil }
            }
            state.entries[id] = Entry(value: value, state: fill.state, storedAt: now)
        }
    }

    private func drop(_ change: ChangeFeed.Change) {
        switch change {
        case .changed(let changed):
            guard let ids = changed[self.type] else { return }
            guard !self.isWhole else { return self.invalidateAll(.changed) }
            self.state.withLock { state in
                for id in ids { Self.invalidate(id, .changed, &state) }
            }
        case .all: self.invalidateAll(.unheard)
        case .pattern(let pattern):
            if pattern == "*" || pattern == self.type || pattern == "\(self.type):*" {
                self.invalidateAll(.changed)
            } else if pattern.hasPrefix("\(self.type):"), let id = ID(String(pattern.dropFirst(self.type.count + 1))) {
                self.state.withLock { Self.invalidate(id, .changed, &$0) }
            }
        }
    }

    private func invalidateAll(_ reason: Entry.State) {
        self.state.withLock { state in
            for id in Array(state.entries.keys) { Self.invalidate(id, reason, &state) }
            for id in Array(state.fills.keys) { Self.invalidate(id, reason, &state) }
        }
    }

    /// Later requests start a new read, even if one is running.
    private static func invalidate(_ id: ID, _ reason: Entry.State, _ state: inout State) {
        // A value that is known to have changed stays so, whatever is missed afterwards.
        if let entry = state.entries[id], entry.state != .changed { state.entries[id]?.state = reason }
        if let fill = state.fills.removeValue(forKey: id) { fill.taint(reason) }
    }
}
