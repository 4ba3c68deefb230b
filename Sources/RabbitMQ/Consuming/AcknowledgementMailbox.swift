import EventThread
import Synchronization

/// The deliveries to acknowledge.
enum Acknowledgement: Sendable {
    case one(UInt64, multiple: Bool, epoch: UInt64)
    case many([UInt64], epoch: UInt64)
}

/// Collects acknowledgements for the connection's thread, which sends all of them at each of its turns.
final class AcknowledgementMailbox: Sendable {
    private let state = Mutex<[Acknowledgement]>([])
    private let eventSource: EventSource

    init(eventSource: EventSource) { self.eventSource = eventSource }

    func submit(_ acknowledgement: Acknowledgement) {
        let isFirst = self.state.withLock { state in
            state.append(acknowledgement)
            return state.count == 1
        }
        if isFirst { self.eventSource.wake() }
    }

    /// Takes everything, in exchange for an array that must be empty.
    func take(into acknowledgements: inout [Acknowledgement]) {
        self.state.withLock { swap(&$0, &acknowledgements) }
    }
}
