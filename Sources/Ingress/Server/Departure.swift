import NIOCore

/// Detects the moment at which the client of a connection or an HTTP/2 stream goes away. Used on the channel's event loop only.
final class Departure {
    private var hasHappened = false
    private var act: (@Sendable () -> Void)?

    func happened() {
        self.hasHappened = true
        self.act?()
        self.act = nil
    }

    fileprivate func onceHappened(_ act: (@Sendable () -> Void)?) {
        if self.hasHappened { act?() } else { self.act = act }
    }
}

extension Channel {
    /// Sets the action for the client's departure, which runs at once if the client has gone. Requests are answered one at a time, so there is at
    /// most one action; nil removes it.
    func onceClientLeaves(_ act: (@Sendable () -> Void)?) {
        self.eventLoop.execute {
            let pipeline = self.pipeline.syncOperations
            if let watch = try? pipeline.handler(type: SocketWatch.self) {
                watch.departure.onceHappened(act)
            } else if let stream = try? pipeline.handler(type: StreamGuard.self) {
                stream.departure.onceHappened(act)
            } else {
                act?()
            }
        }
    }
}
