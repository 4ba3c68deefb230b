import EventThread

/// Sends one cancel request, on a thread that lives as long as that takes: `PQcancel` blocks, on a frozen server without an end.
actor CancelRequest {
    private let thread = EventThread(name: "postgres-cancel")
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.thread.asUnownedSerialExecutor() }

    /// Tells `control`, and wakes the waiting call by `interrupt`, when the server has taken the request.
    static func send(_ handle: CancelHandle, for control: CallControl, interrupt: Interrupt) {
        // Nobody waits for it but the call, by its interrupt.
        Task {
            guard await CancelRequest().send(handle) else { return }
            control.cancelAnswered()
            interrupt.signal()
        }
    }

    private func send(_ handle: CancelHandle) -> Bool {
        defer { self.thread.stop() }
        return handle.cancel()
    }
}
