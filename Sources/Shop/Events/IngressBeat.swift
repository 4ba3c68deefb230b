public import Conveyor

/// A sign of life that ingresses give each other, so that none serves from its cache what another has told as changed. Transient.
public struct IngressBeat: Event {
    /// `ingress.beat`.
    public static let type = "ingress.beat"

    /// The process that it is from.
    public var ingress: ID
    /// Counts its beats.
    public var number: Int64
    /// The number of the last beat that it heard, by process.
    public var heard: [String: Int64]
    /// What all are to drop from their caches, as in `cache.clear`; each says at once that it has heard this.
    public var drops: String?
    /// Idempotency keys that it has accepted since its last beat: the message's id, and what the body was.
    public var keys: [String: String]?
    /// The process stops.
    public var leaves: Bool?

    /// A sign of life.
    public init(ingress: ID, number: Int64, heard: [String: Int64], drops: String? = nil, keys: [String: String]? = nil, leaves: Bool? = nil) {
        self.ingress = ingress
        self.number = number
        self.heard = heard
        self.drops = drops
        self.keys = keys
        self.leaves = leaves
    }
}
