/// A request's method: an open set of tokens (RFC 9110, section 9.1).
public struct HTTPMethod: RawRepresentable, Sendable, Hashable, ExpressibleByStringLiteral {
    /// The token to send; case matters.
    public let rawValue: String

    /// Any token; sending the request fails if it is not one.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Any token; sending the request fails if it is not one.
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

    /// Whether the method is idempotent (RFC 9110, section 9.2.2).
    public var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, "OPTIONS", "TRACE": true
        default: false
        }
    }
}
