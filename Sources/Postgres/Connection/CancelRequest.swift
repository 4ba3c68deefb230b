import EventThread

/// Sends one cancel request on a short-lived thread: `PQcancel` blocks, and on a frozen server it never returns.
actor CancelRequest {
    private let thread = EventThread(name: "postgres-cancel")
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.thread.asUnownedSerialExecutor() }

    /// Marks `control` and signals `interrupt` when the server has taken the request.
    static func send(_ handle: CancelHandle, for control: CallControl, interrupt: Interrupt) {
        // Unstructured: the call learns of the end by its interrupt.
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
