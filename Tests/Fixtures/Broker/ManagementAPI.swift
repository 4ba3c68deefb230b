import FoundationEssentials
import Transfer

/// RabbitMQ's management API as far as tests need it; separate from that of `Conveyor`, which is under test.
struct ManagementAPI: Sendable {
    private let base: String
    private let authorization: String
    private let client: HTTPClient

    /// - Parameter url: With credentials: `http://user:password@host:port`.
    init(url: String) throws {
        let parts = url.dropFirst("http://".count).split(separator: "@", maxSplits: 1)
        self.base = "http://\(parts[1])"
        self.authorization = "Basic \(Data(parts[0].utf8).base64EncodedString())"
        self.client = try HTTPClient(userAgent: "conveyor-tests/1")
    }

    /// A part of a path.
    static func encode(_ text: String) -> String {
        text.utf8.reduce(into: "") { encoded, byte in
            let scalar = UnicodeScalar(byte)
            let isPlain =
                scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil || "-._~".unicodeScalars.contains(scalar))
            encoded += isPlain ? String(scalar) : (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
        }
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
            throw FixtureError("\(method) \(path): \(response.status) \(String(decoding: response.body, as: UTF8.self))")
        }
        return response.body
    }
}
