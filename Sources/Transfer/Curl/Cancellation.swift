import Synchronization

/// A wish that any thread may utter and that libcurl's thread obeys at its next progress callback.
final class Cancellation: Sendable {
    private let flag = Atomic(false)

    var isRequested: Bool { self.flag.load(ordering: .acquiring) }

    func request() { self.flag.store(true, ordering: .releasing) }
}
