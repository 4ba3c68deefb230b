import Glibc
import Synchronization

/// The progress of long work: a line on standard error that is overwritten, in terminals only.
public final class ProgressLine: Sendable {
    private struct State {
        var shownAt: ContinuousClock.Instant?
        var isShown = false
    }

    private let title: String
    private let startedAt = ContinuousClock.now
    private let state = Mutex(State())

    /// A line that is not shown yet.
    public init(_ title: String) { self.title = title }

    /// Shows it, at most ten times per second.
    /// - Parameter note: a remark, e.g. `3 failed`.
    public func show(_ done: Int, of total: Int, note: String = "") {
        guard Terminal.error.isInteractive else { return }
        let now = ContinuousClock.now
        self.state.withLock { state in
            if let shownAt = state.shownAt, now - shownAt < .milliseconds(100), done < total { return }
            state.shownAt = now
            state.isShown = true
            let seconds = (now - self.startedAt).components
            let elapsed = Double(seconds.seconds) + Double(seconds.attoseconds) / 1e18
            let share = total > 0 ? Double(done) / Double(total) : 1
            let filled = Int(share * 24)
            let bar = String(repeating: "━", count: filled) + Terminal.error.styled(String(repeating: "━", count: 24 - filled), .dim)
            let rate = elapsed > 0.5 ? "  \(Quantity.rate(Double(done) / elapsed))/s" : ""
            let line = "\(self.title) \(bar) \(Quantity.count(done)) of \(Quantity.count(total))\(rate)\(note.isEmpty ? "" : "  " + note)"
            StandardStreams.complain("\r\u{1b}[K\(line)")
        }
    }

    /// Removes it.
    public func end() {
        self.state.withLock { state in
            if state.isShown { StandardStreams.complain("\r\u{1b}[K") }
            state.isShown = false
        }
    }
}
