import Synchronization

/// Limits what each key may have at a time: connections, requests, bytes.
final class ConcurrencyLimit<Key: Hashable & Sendable>: Sendable {
    let limit: Int
    private let taken = Mutex<[Key: Int]>([:])

    init(_ limit: Int) { self.limit = limit }

    /// Takes `count` units for a key; takes none if that exceeds the limit.
    func take(_ key: Key, _ count: Int = 1) -> Bool {
        self.taken.withLock { taken in
            let sum = (taken[key] ?? 0) + count
            guard sum <= self.limit else { return false }
            taken[key] = sum
            return true
        }
    }

    /// Gives units back.
    func giveBack(_ key: Key, _ count: Int = 1) {
        self.taken.withLock { taken in
            guard let sum = taken[key] else { return }
            taken[key] = sum > count ? sum - count : nil
        }
    }

    /// One place, which is free again when its last reference is released; nil if there is none.
    func place(for key: Key) -> Place? { self.take(key) ? Place(key, self) : nil }

    /// Occupies a place for its own lifetime.
    final class Place: Sendable {
        private let key: Key
        private let owner: ConcurrencyLimit

        fileprivate init(_ key: Key, _ owner: ConcurrencyLimit) {
            self.key = key
            self.owner = owner
        }

        deinit { self.owner.giveBack(self.key) }
    }
}
