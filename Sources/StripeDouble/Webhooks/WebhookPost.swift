import Transfer

/// The request that delivers one event to one address.
struct WebhookPost: Sendable {
    let url: String
    let body: String
    let signature: String

    /// Sends several copies at once; true if one of them got a 2xx. A redirect is a failure.
    func isTaken(by client: HTTPClient, copies: Int, timeout: Duration) async -> Bool {
        let request = HTTPRequest(
            .post, url: self.url,
            headers: [
                "Content-Type": "application/json; charset=utf-8", "Accept": "*/*; q=0.5, application/xml", "Cache-Control": "no-cache",
                "Stripe-Signature": self.signature,
            ], body: Array(self.body.utf8), connectTimeout: timeout, timeout: timeout)
        return await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<copies {
                group.addTask {
                    guard let response = try? await client.send(request) else { return false }
                    return (200..<300).contains(response.status)
                }
            }
            return await group.reduce(false) { $0 || $1 }
        }
    }
}
