import Shop
import Synchronization

/// What was read from the database and has not changed since: dropped by the feed's events, and valid only while these are heard.
///
/// Requests that miss the same key at once share one read. A value that changes while it is being read is handed to those that asked before, and not kept.
/// While the database is away, what was known last is better than nothing: it is kept for that, marked as old.
final class ReadCache<Value: Sendable>: Sendable {
    private struct Entry {
        var value: Value
        var isValid: Bool
        var storedAt: ContinuousClock.Instant
    }

    private final class Fill: Sendable {
        let isTainted = Atomic(false)
        let task: Task<Value?, any Error>
        init(_ task: Task<Value?, any Error>) { self.task = task }
    }

    private struct State {
        var entries: [ID: Entry] = [:]
        var fills: [ID: Fill] = [:]
    }

    private let type: String
    private let capacity: Int
    private let isWhole: Bool
    private let feed: ChangeFeed
    /// Should an event be lost all the same, a value is not older than this.
    private let lifetime = Duration.seconds(60)
    private let state = Mutex(State())

    /// A cache of one type of resource.
    /// - Parameters:
    ///   - type: as the events name it, e.g. `product`.
    ///   - isWhole: what it holds is made of all resources of the type: a change of one drops everything.
    init(_ type: String, capacity: Int, isWhole: Bool = false, feed: ChangeFeed) {
        self.type = type
        self.capacity = capacity
        self.isWhole = isWhole
        self.feed = feed
        feed.subscribe { [weak self] in self?.drop($0) }
    }

    /// Reads anew what is known to be outdated.
    func drop(_ id: ID) { self.state.withLock { Self.invalidate(id, &$0) } }

    /// The value of an id, if it is known and has not changed.
    func valid(_ id: ID) -> Value? { self.valid(id, .now)?.value }

    private func valid(_ id: ID, _ now: ContinuousClock.Instant) -> Entry? {
        guard self.feed.isCurrent(at: now), let entry = self.state.withLock({ $0.entries[id] }), entry.isValid, now - entry.storedAt < self.lifetime
        else {
            return nil
        }
        return entry
    }

    /// The value of an id: as it is known, or as `read` brings it.
    /// - Parameter read: nil if there is no such thing, which is not remembered: it may be made at any moment.
    /// - Throws: what `read` throws; of `database_unreachable` the last known value makes up.
    func value(_ id: ID, read: @escaping @Sendable () async throws -> Value?) async throws -> Value? {
        let now = ContinuousClock.now
        if let known = self.valid(id, now) { return known.value }
        // While changes are not heard, a read that is under way may have begun before one.
        let isHearing = self.feed.isCurrent(at: now)
        let fill = self.state.withLock { state in
            if isHearing, let fill = state.fills[id] { return fill }
            let fill = Fill(Task { try await read() })
            if !isHearing { fill.isTainted.store(true, ordering: .releasing) }
            state.fills[id] = fill
            return fill
        }
        do {
            let value = try await fill.task.value
            self.keep(value, of: id, fill, now)
            return value
        } catch {
            self.state.withLock { state in if state.fills[id] === fill { state.fills[id] = nil } }
            guard (error as? Problem)?.code == .databaseUnreachable, let old = self.state.withLock({ $0.entries[id] })?.value
            else { throw error }
            return old
        }
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
            state.entries[id] = Entry(value: value, isValid: !fill.isTainted.load(ordering: .acquiring), storedAt: now)
        }
    }

    private func drop(_ change: ChangeFeed.Change) {
        switch change {
        case .changed(let changed):
            guard let ids = changed[self.type] else { return }
            guard !self.isWhole else { return self.invalidateAll() }
            self.state.withLock { state in
                for id in ids { Self.invalidate(id, &state) }
            }
        case .all: self.invalidateAll()
        case .pattern(let pattern):
            if pattern == "*" || pattern == self.type || pattern == "\(self.type):*" {
                self.invalidateAll()
            } else if pattern.hasPrefix("\(self.type):"), let id = ID(String(pattern.dropFirst(self.type.count + 1))) {
                self.state.withLock { Self.invalidate(id, &$0) }
            }
        }
    }

    private func invalidateAll() {
        self.state.withLock { state in
            for id in state.entries.keys { state.entries[id]?.isValid = false }
            for (id, fill) in state.fills {
                fill.isTainted.store(true, ordering: .releasing)
                state.fills[id] = nil
            }
        }
    }

    /// Who asks from now on reads anew, also if a read is under way.
    private static func invalidate(_ id: ID, _ state: inout State) {
        state.entries[id]?.isValid = false
        if let fill = state.fills.removeValue(forKey: id) { fill.isTainted.store(true, ordering: .releasing) }
    }
}
