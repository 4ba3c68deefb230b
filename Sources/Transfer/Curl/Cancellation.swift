import Synchronization

/// A flag that any thread may set, and that libcurl's thread reads at its next progress callback.
final class Cancellation: Sendable {
    private let flag = Atomic(false)

    var isRequested: Bool { self.flag.load(ordering: .acquiring) }

    func request() { self.flag.store(true, ordering: .releasing) }
}
