import NIOCore

/// The moment at which the client of a connection, or of a stream of HTTP/2, goes away. Belongs to the channel's event loop.
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
    /// Does something when the client goes away, or at once if it has gone. One request is answered at a time, so there is one thing to do, until it is
    /// nil.
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
