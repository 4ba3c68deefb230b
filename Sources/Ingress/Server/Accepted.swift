import HummingbirdCore
import Logging
import NIOCore
import Synchronization

/// An accepted connection until it is handled.
///
/// A stopping server drops connections that it accepts at that moment, and NIO ends the process when it loses a channel that was not finished
/// (`NIOAsyncWriter`). Therefore a dropped connection is closed and handled to its end.
final class Accepted<Base: ServerChildChannel>: ServerChildChannelValue {
    private let base: Base
    private let value: Base.Value
    private let logger: Logger
    private let isHandled = Atomic(false)

    init(_ value: Base.Value, by base: Base, logger: Logger) {
        self.base = base
        self.value = value
        self.logger = logger
    }

    deinit {
        guard !self.isHandled.load(ordering: .relaxed) else { return }
        Task { [base, value, logger] in
            value.channel.close(promise: nil)
            await base.handle(value: value, logger: logger)
        }
    }

    var channel: any Channel { self.value.channel }

    func handle() async {
        self.isHandled.store(true, ordering: .relaxed)
        await self.base.handle(value: self.value, logger: self.logger)
    }
}
