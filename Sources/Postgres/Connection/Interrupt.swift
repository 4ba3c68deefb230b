import CLinux
import Glibc

/// A descriptor that becomes readable when any thread says so.
final class Interrupt: Sendable {
    let descriptor: CInt

    init() {
        self.descriptor = clinux_eventfd()
        precondition(self.descriptor >= 0, "no descriptor is left for an eventfd")
    }

    deinit { close(self.descriptor) }

    func signal() { clinux_eventfd_signal(self.descriptor) }
    func drain() { clinux_eventfd_drain(self.descriptor) }
}
