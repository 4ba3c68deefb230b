import HummingbirdCore
import Logging
import NIOCore

/// Runs all work for a connection's requests on the connection's event loop.
///
/// Otherwise a request hops from the loop to Swift's thread pool and back, twice, and each hop to a sleeping thread costs more than the request's
/// own work. Nothing in the ingress blocks a loop: C libraries and password hashes have their own threads.
struct LoopChannel<Base: ServerChildChannel>: ServerChildChannel {
    let base: Base

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> { self.base.setup(channel: channel, logger: logger) }

    func handle(value: Base.Value, logger: Logger) async {
        await withTaskExecutorPreference(LoopExecutor(loop: value.channel.eventLoop)) { await self.base.handle(value: value, logger: logger) }
    }
}

/// An event loop as a task's executor.
final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        self.loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
