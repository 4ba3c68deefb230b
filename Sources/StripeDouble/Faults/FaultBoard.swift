import Synchronization

/// The active faults, in the order of their creation.
final class FaultBoard: Sendable {
    private let faults = Mutex<[Fault]>([])

    var all: [Fault] { self.faults.withLock { $0 } }

    func add(_ fault: Fault) { self.faults.withLock { $0.append(fault) } }

    /// Clears one of them, or all.
    func clear(id: String? = nil) {
        self.faults.withLock { faults in faults.removeAll { id == nil || $0.id == id } }
    }

    /// The fault for this call: the first active one that matches. Counts the call.
    func take(method: String, path: String) -> Fault.Kind? {
        self.faults.withLock { faults in
            for index in faults.indices where faults[index].matches(method: method, path: path) && faults[index].left != 0 {
                if faults[index].skip > 0 {
                    faults[index].skip -= 1
                    continue
                }
                faults[index].left = faults[index].left.map { $0 - 1 }
                faults[index].hits += 1
                return faults[index].kind
            }
            return nil
        }
    }
}
