/// A request's method: an open set of tokens (RFC 9110, section 9.1).
public struct HTTPMethod: RawRepresentable, Sendable, Hashable, ExpressibleByStringLiteral {
    /// As it is sent; case matters.
    public let rawValue: String

    /// Any token; one that is none is refused when the request is sent.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Any token; one that is none is refused when the request is sent.
    public init(stringLiteral value: String) { self.rawValue = value }

    /// `GET`
    public static let get: HTTPMethod = "GET"
    /// `HEAD`
    public static let head: HTTPMethod = "HEAD"
    /// `POST`
    public static let post: HTTPMethod = "POST"
    /// `PUT`
    public static let put: HTTPMethod = "PUT"
    /// `PATCH`
    public static let patch: HTTPMethod = "PATCH"
    /// `DELETE`
    public static let delete: HTTPMethod = "DELETE"

    /// Whether sending it twice means the same as sending it once (RFC 9110, section 9.2.2).
    public var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, "OPTIONS", "TRACE": true
        default: false
        }
    }
}
