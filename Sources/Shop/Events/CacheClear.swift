public import Conveyor

/// An operator has every ingress drop what it cached (`conveyor cache clear`). Transient: a cache that was not there holds nothing.
public struct CacheClear: Event {
    /// `cache.clear`.
    public static let type = "cache.clear"

    /// `*`, a resource's type (`product`), or one resource (`product:<id>`).
    public var pattern: String

    /// Has every ingress drop what it cached.
    public init(pattern: String) {
        self.pattern = pattern
    }
}
