public import Conveyor

/// The heartbeat between ingresses: it keeps each from serving stale values that another has reported as changed. Transient.
public struct IngressBeat: Event {
    /// `ingress.beat`.
    public static let type = "ingress.beat"

    /// The sending process.
    public var ingress: ID
    /// The number of the beat.
    public var number: Int64
    /// The number of the last received beat, by process.
    public var heard: [String: Int64]
    /// Patterns to drop from the caches, as in `cache.clear`; each ingress confirms them with a beat at once.
    public var drops: String?
    /// Idempotency keys accepted since the last beat: message id and fingerprint of the body.
    public var keys: [String: String]?
    /// Whether the process is stopping.
    public var leaves: Bool?

    /// A heartbeat of an ingress.
    public init(ingress: ID, number: Int64, heard: [String: Int64], drops: String? = nil, keys: [String: String]? = nil, leaves: Bool? = nil) {
        self.ingress = ingress
        self.number = number
        self.heard = heard
        self.drops = drops
        self.keys = keys
        self.leaves = leaves
    }
}
