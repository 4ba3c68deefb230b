import CCurl
import EventThread

/// Runs transfers on a thread of its own, as many at once as are asked for; connections stay open for the next ones.
///
/// Every call of libcurl, callbacks included, happens on that thread, and no call of it blocks but one: libcurl 7.88 awaits an SMTP
/// server's last reply inside `curl_multi_perform` (`smtp_done`). So ``SMTPClient`` has an actor for every connection.
actor CurlMulti {
    private let eventSource: EventSource
    private let multi: MultiHandle
    /// By the address of its handle. libcurl's pointers to an exchange are no references: this keeps it, from `add` to `remove`.
    private var underWay: [UInt: Exchange] = [:]
    private var hasTurn = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.eventSource.thread.asUnownedSerialExecutor() }

    init(threadName: String, connectionsPerHost: Int = 0) throws(TransferError) {
        self.eventSource = EventSource(name: threadName, sharing: nil)
        self.multi = try MultiHandle(connectionsPerHost: connectionsPerHost)
    }

    // On the thread, so that the connections are closed there. No transfer is left then: each holds this actor by its caller's task.
    isolated deinit { self.eventSource.stop() }

    /// Makes an exchange, runs it to its end, and makes the answer of it.
    ///
    /// A cancelled task ends its exchange with `CURLE_ABORTED_BY_CALLBACK`.
    func run<E: Exchange, Answer: Sendable, Failure: Error>(
        _ make: @Sendable () throws(Failure) -> E, answer: @Sendable (E, CURLcode) throws(Failure) -> Answer
    ) async throws(Failure) -> Answer {
        let exchange = try make()
        self.underWay[exchange.easy.address] = exchange
        let (cancellation, eventSource) = (exchange.cancellation, self.eventSource)
        let code = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                exchange.continuation = continuation
                self.begin(exchange)
            }
        } onCancel: {
            cancellation.request()
            eventSource.wake()
        }
        return try answer(exchange, code)
    }

    private func begin(_ exchange: Exchange) {
        guard !exchange.cancellation.isRequested else { return self.end(exchange, CURLE_ABORTED_BY_CALLBACK) }
        guard self.multi.add(exchange.easy) == CURLM_OK else { return self.end(exchange, CURLE_OUT_OF_MEMORY) }
        guard !self.hasTurn else { return self.eventSource.wake() }
        self.hasTurn = true
        self.eventSource.onTurn { [weak self] _ in self?.assumeIsolated { $0.turn() } ?? .wait(.init()) }
    }

    /// What the thread does between two sleeps.
    ///
    /// A cancelled exchange must not just be taken out: amid an e-mail's data `curl_multi_remove_handle` would end the data with the dot
    /// that makes the server deliver what it has. The progress callback ends it instead, from within `perform`. What was cancelled
    /// before `perform` and is still there after it never had a connection (it waits for one), and can be taken out.
    private func turn() -> EventThread.Turn {
        let cancelled = self.underWay.values.filter(\.cancellation.isRequested)
        guard self.multi.perform() == CURLM_OK else {
            for exchange in Array(self.underWay.values) { self.end(exchange, CURLE_OUT_OF_MEMORY) }
            return .wait(.init())
        }
        while let (address, code) = self.multi.nextDone() {
            if let exchange = self.underWay[address] { self.end(exchange, code) }
        }
        for exchange in cancelled where self.underWay[exchange.easy.address] != nil { self.end(exchange, CURLE_ABORTED_BY_CALLBACK) }
        guard !self.underWay.isEmpty else { return .wait(.init()) }
        return .waitUsing { [weak self] wakeUp in self?.assumeIsolated { $0.multi.poll(orReadable: wakeUp) } }
    }

    private func end(_ exchange: Exchange, _ code: CURLcode) {
        self.underWay[exchange.easy.address] = nil
        self.multi.remove(exchange.easy)
        exchange.finish(code)
    }
}
