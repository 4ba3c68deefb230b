public import Conveyor
import Topology

/// All message types of `topology/asyncapi.yaml`, by which tools decode messages of any type.
public enum MessageCatalogue {
    private static let byType: [String: any Message.Type] = Dictionary(uniqueKeysWithValues: all.map { ($0.type, $0) })

    /// The workers whose commands are defined in their own folders alone.
    private static let privateQueues = Set(Topology.workers.map(\.name)).subtracting(all.map { $0.type.prefix { $0 != "." } }.map(String.init))

    /// The type with a name, e.g. `orders.place`; nil if there is none. Of a worker whose commands are not listed here, every command is ``PrivateCommand``.
    public static subscript(type: String) -> (any Message.Type)? {
        self.byType[type] ?? (self.privateQueues.contains(String(type.prefix { $0 != "." })) && type.contains(".") ? PrivateCommand.self : nil)
    }
}

/// A command that only the worker of its queue can read: some JSON object.
struct PrivateCommand: Command {
    static let type = "*"

    private let fields: [String: JSONValue]

    init(from decoder: any Decoder) throws { self.fields = try decoder.singleValueContainer().decode([String: JSONValue].self) }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.fields)
    }
}
