import Conveyor
import RabbitMQ

/// The broker's messages: ready ones live, unacknowledged ones from its statistics, which lag by some seconds.
struct BrokerDepths: Sendable {
    /// Per work queue: ready, unacknowledged, and dead letters on their way to the recorder.
    var queues: [String: Int] = [:]
    /// In the shared retry queues.
    var ladder = 0
    /// The unacknowledged ones of all these.
    var inHand = 0

    var total: Int { self.queues.values.reduce(0, +) + self.ladder }

    static func read(_ api: ManagementAPI, _ inspector: BrokerInspector, _ definitions: Definitions) async throws -> BrokerDepths {
        let names = definitions.queues.map(\.name)
        async let live = inspector.queues(names)
        let states = Dictionary(try await api.queues().map { ($0.name, $0) }) { first, _ in first }
        let ready = try await live
        var depths = BrokerDepths()
        for name in names {
            let inHand = states[name]?.unacked ?? 0
            let count = (ready[name]?.messages ?? states[name]?.ready ?? 0) + inHand
            depths.inHand += inHand
            if name.hasPrefix("retry.") {
                depths.ladder += count
            } else {
                depths.queues[name.hasSuffix(".dead") ? String(name.dropLast(".dead".count)) : name, default: 0] += count
            }
        }
        return depths
    }
}
