import Conveyor
import RabbitMQ

/// How many messages the broker holds: those that are ready live, those in a worker's hand as its statistics have them, which are some seconds old.
struct BrokerDepths: Sendable {
    /// Of each work queue: ready, in hand, and its dead letters that are on their way to the recorder.
    var queues: [String: Int] = [:]
    /// In the retry ladder, which all queues share.
    var ladder = 0
    /// Of all of these, those in hand.
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
