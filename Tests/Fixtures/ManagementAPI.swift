import Foundation
import Transfer

/// RabbitMQ's management API, as far as tests need it.
struct ManagementAPI: Sendable {
    private let base: String
    private let authorization: String
    private let client: HTTPClient

    /// - Parameter url: With credentials: `http://user:password@host:port`.
    init(url: String) throws {
        let parts = url.split(separator: "@", maxSplits: 1)
        let scheme = url.prefix { $0 != ":" }
        guard parts.count == 2 else { throw PrivateBroker.Failure(description: "the management API's URL has no credentials") }
        self.base = "\(scheme)://\(parts[1])".trimmingCharacters(in: CharacterSet(charactersIn: "/"))
        let login = parts[0].dropFirst(scheme.count + 3).removingPercentEncoding ?? ""
        self.authorization = "Basic \(Data(login.utf8).base64EncodedString())"
        self.client = try HTTPClient(userAgent: "conveyor-tests/1")
    }

    /// A part of a path.
    static func encode(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(CharacterSet(charactersIn: "-._~"))) ?? text
    }

    /// Whether it answers.
    func isUp() async throws -> Bool {
        let request = HTTPRequest(.get, url: "\(self.base)/api/overview", headers: ["Authorization": self.authorization])
        do { return try await self.client.send(request).status == 200 } catch { return false }
    }

    func get<Answer: Decodable>(_ path: String, as type: Answer.Type) async throws -> Answer {
        try JSONDecoder().decode(type, from: Data(try await self.send("GET", path)))
    }

    @discardableResult
    func send(_ method: String, _ path: String, body: String? = nil) async throws -> [UInt8] {
        let request = HTTPRequest(
            HTTPMethod(rawValue: method), url: self.base + path,
            headers: ["Authorization": self.authorization, "Content-Type": "application/json"], body: body.map { Array($0.utf8) })
        let response = try await self.client.send(request)
        guard (200..<300).contains(response.status) else {
            throw PrivateBroker.Failure(description: "\(method) \(path): \(response.status) \(String(decoding: response.body, as: UTF8.self))")
        }
        return response.body
    }
}
