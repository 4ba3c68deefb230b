import Fixtures
import Transfer

/// Stripe's double for tests: its API with the secret key, and the control API that makes it fail on demand.
final class StripeControl: Sendable {
    private let double: StripeDoubleProcess
    private let client: HTTPClient

    init(_ double: StripeDoubleProcess) throws {
        self.double = double
        self.client = try HTTPClient(userAgent: "tests")
    }

    var url: String { self.double.url }

    /// A call that must succeed with 200; returns the body.
    @discardableResult
    func send(_ method: HTTPMethod, _ path: String, _ form: String? = nil) async throws -> [UInt8] {
        var request = HTTPRequest(method, url: self.url + path, body: form.map { Array($0.utf8) })
        request.headers["Authorization"] = "Bearer \(StripeDoubleProcess.secretKey)"
        if form != nil { request.headers["Content-Type"] = "application/x-www-form-urlencoded" }
        let response = try await self.client.send(request)
        guard response.status == 200 else { throw FixtureError("Stripe: \(response.status) \(String(decoding: response.body, as: UTF8.self))") }
        return response.body
    }
}
