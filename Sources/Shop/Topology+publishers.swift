public import Topology

extension Topology {
    /// The types that each part's broker user may publish, by part, then by exchange: those of its entry, and for the ingress the commands that a
    /// client's request may be.
    public static let publishers: [String: [String: Set<String>]] = {
        let clients = OperationKind.allCases.map(\.type) + MessageCatalogue.routes.keys
        var publishers: [String: [String: Set<String>]] = [:]
        for part in Self.parts {
            for type in part.publishes + (part.name == "ingress" ? clients : []) {
                let isCommand = Self.workers.contains { $0.name == type.prefix { $0 != "." } }
                publishers[part.name, default: [:]][isCommand ? "commands" : "events", default: []].insert(type)
            }
        }
        return publishers
    }()
}
