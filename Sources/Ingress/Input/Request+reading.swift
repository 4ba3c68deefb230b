import Conveyor
import HTTPTypes
import Hummingbird
import NIOCore
import Shop

/// A body, raw and decoded.
struct Input<Value> {
    var value: Value
    /// The raw bytes, for the fingerprint of an idempotent request.
    var bytes: [UInt8]
}

extension Request {
    /// The limit for products, which have the largest bodies.
    static let largestBody = 1 << 20

    /// The limit of a body in bytes, with room to spare for its endpoint. Anonymous clients get the lowest one.
    private var bodyLimit: Int {
        let path = self.uri.path
        if path.hasPrefix("/api/v1/auth/") || path == "/api/v1/users/me/password" { return 16 << 10 }
        // A description of ten thousand characters, each up to twelve bytes when escaped in JSON, and the URLs of images.
        if path.hasPrefix("/api/v1/products") || path.hasPrefix("/api/v1/categories") { return Self.largestBody }
        return 64 << 10
    }

    /// The whole body.
    /// - Parameter limit: in bytes, if the endpoint has its own.
    /// - Throws: `Problem` `too_large`.
    func bytes(upTo limit: Int? = nil) async throws -> [UInt8] {
        let limit = limit ?? self.bodyLimit
        if let length = self.headers[.contentLength].flatMap({ Int($0) }), length > limit { throw Self.tooLarge(limit) }
        let buffer: ByteBuffer
        do {
            buffer = try await self.body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw Self.tooLarge(limit)
        }
        return Array(buffer.readableBytesView)
    }

    /// The rest of such a body is not read: the connection closes after the answer.
    private static func tooLarge(_ limit: Int) -> Refusal {
        Refusal(Problem(.tooLarge, "The body of this request may have at most \(limit) bytes."), headers: [.connection: "close"])
    }

    /// Whether the body has this media type, with any parameters.
    func isOfType(_ type: String) -> Bool {
        guard let given = self.headers[.contentType] else { return false }
        return given.prefix { $0 != ";" && $0 != " " }.lowercased() == type
    }

    /// Reads a JSON object.
    /// - Parameter optional: whether an empty body counts as an empty object.
    /// - Throws: `Problem` `unsupported_media_type`, `too_large`, `malformed_json`, or `invalid` with all field errors.
    func read<Value>(optional: Bool = false, _ read: (Fields) -> Value) async throws -> Input<Value> {
        let bytes = try await self.bytes()
        if optional, bytes.isEmpty {
            return Input(value: try Self.parse(Array("{}".utf8), read), bytes: bytes)
        }
        guard self.isOfType("application/json") || self.isOfType("application/merge-patch+json") else {
            throw Problem(.unsupportedMediaType, "The body must be application/json.")
        }
        if let coding = self.headers[.contentEncoding], coding.lowercased() != "identity" {
            throw Problem(.unsupportedMediaType, "A body must not be compressed.")
        }
        return Input(value: try Self.parse(bytes, read), bytes: bytes)
    }

    private static func parse<Value>(_ bytes: [UInt8], _ read: (Fields) -> Value) throws -> Value {
        let body: JSONElement
        do {
            body = try JSONElement(bytes, within: JSON.Limits(values: 20_000, depth: 64))
        } catch let excess as JSON.Limits.Exceeded {
            throw Problem(.malformedJSON, "The body has more than \(excess).")
        } catch is DecodingError {
            throw Problem(.malformedJSON, "The body is not JSON (RFC 8259, in UTF-8).")
        }
        let findings = Fields.Findings()
        let value = read(Fields(body, path: "", findings: findings))
        guard findings.errors.isEmpty else { throw Problem(.invalid, "The request has fields that are not valid.", errors: findings.errors) }
        return value
    }
}
