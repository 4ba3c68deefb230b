import CCurl
import EventThread

/// Runs any number of transfers on its own thread; connections stay open for later ones.
///
/// All calls of libcurl, callbacks included, happen on that thread. Only one of them blocks: libcurl 7.88 waits for an SMTP server's last reply
/// inside `curl_multi_perform` (`smtp_done`). Therefore ``SMTPClient`` has an actor per connection.
actor CurlMulti {
    private let eventSource: EventSource
    private let multi: MultiHandle
    /// Keyed by the handle's address. libcurl's pointers do not retain an exchange; this dictionary does, from `add` to `remove`.
    private var underWay: [UInt: Exchange] = [:]
    private var hasTurn = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.eventSource.thread.asUnownedSerialExecutor() }

    init(threadName: String, connectionsPerHost: Int = 0) throws(TransferError) {
        self.eventSource = EventSource(name: threadName, sharing: nil)
        self.multi = try MultiHandle(connectionsPerHost: connectionsPerHost)
    }

    // Isolated, so that the connections are closed on the thread. No transfer is left: each one's task retains this actor.
    isolated deinit { self.eventSource.stop() }

    /// Creates an exchange, runs it to its end, and returns its answer.
    ///
    /// Cancelling the task ends its exchange with `CURLE_ABORTED_BY_CALLBACK`.
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

    /// One turn of the thread.
    ///
    /// A cancelled exchange must not simply be removed: in the middle of an e-mail's data, `curl_multi_remove_handle` would send the final dot, and
    /// the server would deliver an incomplete e-mail. The progress callback ends it instead, from within `perform`. An exchange that is still there
    /// after `perform` has no connection yet, and can be removed.
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
