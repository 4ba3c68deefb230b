public import Conveyor

/// Clears the caches of all ingresses (`conveyor cache clear`). Transient: an ingress that misses it starts with an empty cache.
public struct CacheClear: Event {
    /// `cache.clear`.
    public static let type = "cache.clear"

    /// `*`, a resource type (`product`), or one resource (`product:<id>`).
    public var pattern: String

    /// Clears the caches of all ingresses.
    public init(pattern: String) {
        self.pattern = pattern
    }
}
