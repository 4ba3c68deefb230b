import Conveyor
import Postgres
import Shop
import Synchronization

/// What was read from the database and has not changed since: dropped by the feed's events, and valid only while these are heard.
///
/// Requests that miss the same key at once share one read. A value that changes while it is being read is handed to those that asked before, and not kept.
/// While the database cannot be reached at all, what was known last is better than nothing, unless it is known to have changed since.
final class ReadCache<Value: Sendable>: Sendable {
    private struct Entry {
        /// What is known of it since it was read.
        enum State {
            case valid
            /// Changes were not heard for a while: it may be outdated.
            case unheard
            /// It was changed: it is outdated.
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

        /// What it brings is that outdated at least.
        func taint(_ state: Entry.State) {
            switch state {
            case .valid: break
            case .unheard: self.taint.bitwiseOr(1, ordering: .acquiringAndReleasing)
            case .changed: self.taint.bitwiseOr(2, ordering: .acquiringAndReleasing)
            }
        }

        /// Of what it brings.
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
    /// Should an event be lost all the same, a value is not older than this.
    private let lifetime = Duration.seconds(60)
    private let state = Mutex(State())

    /// A cache of one type of resource.
    /// - Parameters:
    ///   - type: as the events name it, e.g. `product`.
    ///   - isDecidedByDatabase: a value that is older than its lifetime is no answer while the database can be reached, however slow that is.
    ///   - isWhole: what it holds is made of all resources of the type: a change of one drops everything.
    init(_ type: String, capacity: Int, isWhole: Bool = false, isDecidedByDatabase: Bool = false, feed: ChangeFeed) {
        self.type = type
        self.capacity = capacity
        self.isWhole = isWhole
        self.isDecidedByDatabase = isDecidedByDatabase
        self.feed = feed
        feed.subscribe { [weak self] in self?.drop($0) }
    }

    /// Reads anew what is known to be outdated.
    func drop(_ id: ID) { self.state.withLock { Self.invalidate(id, .changed, &$0) } }

    /// The value of an id, if it is known and has not changed.
    func valid(_ id: ID) -> Value? { self.valid(id, .now)?.value }

    private func valid(_ id: ID, _ now: ContinuousClock.Instant) -> Entry? {
        guard self.feed.isCurrent(at: now), let entry = self.state.withLock({ $0.entries[id] }), entry.state == .valid,
            now - entry.storedAt < self.lifetime
        else {
            return nil
        }
        return entry
    }

    /// The value of an id: as it is known, or as `read` brings it.
    /// - Parameter read: nil if there is no such thing, which is not remembered: it may be made at any moment.
    /// - Throws: what `read` throws, unless the last known value makes up for it.
    func value(_ id: ID, read: @escaping @Sendable () async throws -> Value?) async throws -> Value? {
        let now = ContinuousClock.now
        if let known = self.valid(id, now) { return known.value }
        // While changes are not heard, a read that is under way may have begun before one.
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

    /// Whether an old value is an answer when the database gives none: if it cannot be reached at all, what was not heard of; if it is slow, what is
    /// known to be unchanged, unless the database alone decides.
    private func mayServe(_ entry: Entry, _ error: PostgresError) -> Bool {
        switch entry.state {
        case .changed: false
        case .unheard: error.meansAway
        case .valid: error.meansAway || error.problem != nil && !self.isDecidedByDatabase
        }
    }

    /// What was known last of an id, and whether it is known to have changed since.
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
                // Whichever comes first: hot ones come back at once.
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

    /// Who asks from now on reads anew, also if a read is under way.
    private static func invalidate(_ id: ID, _ reason: Entry.State, _ state: inout State) {
        // What has changed stays changed, whatever is missed afterwards.
        if let entry = state.entries[id], entry.state != .changed { state.entries[id]?.state = reason }
        if let fill = state.fills.removeValue(forKey: id) { fill.taint(reason) }
    }
}
