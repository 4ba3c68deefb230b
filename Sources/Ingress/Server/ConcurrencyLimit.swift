import Synchronization

/// How much of something each key may have at a time: connections, requests, bytes.
final class ConcurrencyLimit<Key: Hashable & Sendable>: Sendable {
    let limit: Int
    private let taken = Mutex<[Key: Int]>([:])

    init(_ limit: Int) { self.limit = limit }

    /// Takes so many for a key, or none if that would be too many.
    func take(_ key: Key, _ count: Int = 1) -> Bool {
        self.taken.withLock { taken in
            let sum = (taken[key] ?? 0) + count
            guard sum <= self.limit else { return false }
            taken[key] = sum
            return true
        }
    }

    /// Gives back what was taken.
    func giveBack(_ key: Key, _ count: Int = 1) {
        self.taken.withLock { taken in
            guard let sum = taken[key] else { return }
            taken[key] = sum > count ? sum - count : nil
        }
    }

    /// One place, which is free again when nobody refers to it any more; nil if there is none.
    func place(for key: Key) -> Place? { self.take(key) ? Place(key, self) : nil }

    /// Keeps a place taken for as long as it lives.
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
