import HTTPTypes
import Hummingbird

/// All endpoints of the API: their handlers, and the methods of each path.
struct Routes {
    typealias Answer = @Sendable (Request, IngressContext) async throws -> Response

    /// An endpoint of the API.
    struct Route: Sendable {
        var method: HTTPRequest.Method
        /// E.g. `/api/v1/orders/{id}`.
        var path: String
        var answer: Answer
    }

    private(set) var all: [Route] = []

    /// Adds an endpoint.
    /// - Parameter path: with parameters in braces.
    mutating func on(_ method: HTTPRequest.Method, _ path: String, _ answer: @escaping Answer) {
        self.all.append(Route(method: method, path: path, answer: answer))
    }

    /// Adds an endpoint below `/api/v1`.
    mutating func api(_ method: HTTPRequest.Method, _ path: String, _ answer: @escaping Answer) { self.on(method, "/api/v1" + path, answer) }

    /// The methods of all paths.
    static let knownMethods = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]

    /// The methods of a path; empty if it is unknown. `HEAD` comes with `GET`, `OPTIONS` with every path.
    func methods(of path: some StringProtocol) -> [String] {
        let segments = path.split(separator: "/")
        var methods: Set<String> = []
        for route in self.all {
            let pattern = route.path.split(separator: "/")
            guard pattern.count == segments.count, zip(pattern, segments).allSatisfy({ $0 == $1 || $0.hasPrefix("{") }) else { continue }
            methods.insert(route.method.rawValue)
            if route.method == .get { methods.insert("HEAD") }
        }
        if !methods.isEmpty { methods.insert("OPTIONS") }
        return methods.sorted()
    }
}
