import HTTPTypes
import Hummingbird

/// Routes requests: Stripe's API under `/v1`, the control API under `/_double`, and the pages for people.
struct Front: HTTPResponder {
    typealias Context = DoubleContext

    let api: API
    let control: Control
    let pages: Pages

    func respond(to request: Request, context: DoubleContext) async throws -> Response {
        let path = request.uri.path.split(separator: "/").map(String.init)
        switch path.first {
        case "v1": return try await self.api.respond(to: request, path: Array(path.dropFirst()), context: context)
        case "_double": return try await self.control.respond(to: request, path: Array(path.dropFirst()))
        case "pay", "authenticate": return try await self.pages.respond(to: request, path: path)
        default: return Response(.unknownURL(request.method.rawValue, request.uri.path))
        }
    }
}

extension Response {
    init(status: Int = 200, json: String) {
        self.init(
            status: .init(code: status), headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: .init(byteBuffer: .init(string: json)))
    }

    init(_ error: StripeError) { self.init(status: error.status, json: error.json.text) }
}
