import HTTPTypes
import Hummingbird
import NIOCore

/// Compresses answers that are long enough if the client accepts gzip; compressed and streamed answers pass unchanged.
struct Compression: RouterMiddleware {
    typealias Context = IngressContext

    func handle(_ request: Request, context: IngressContext, next: (Request, IngressContext) async throws -> Response) async throws -> Response {
        let response = try await next(request, context)
        guard let length = response.body.contentLength, length >= Gzip.threshold, response.headers[.contentEncoding] == nil,
            Self.isCompressible(response.headers[.contentType])
        else { return response }
        return try await Self.compressed(response, for: request)
    }

    private static func compressed(_ response: Response, for request: Request) async throws -> Response {
        var response = response
        response.headers.vary(on: .acceptEncoding)
        guard request.acceptsGzip else { return response }
        let collected = Collected()
        try await response.body.write(Collector(collected: collected))
        guard let bytes = Gzip.compressed(collected.bytes) else {
            response.body = .init(byteBuffer: ByteBuffer(bytes: collected.bytes))
            return response
        }
        response.body = .init(byteBuffer: ByteBuffer(bytes: bytes))
        response.headers[.contentEncoding] = "gzip"
        if let tag = response.headers[.eTag], tag.hasSuffix("\"") { response.headers[.eTag] = "\(tag.dropLast())-gzip\"" }
        return response
    }

    private static func isCompressible(_ type: String?) -> Bool {
        guard let type = type?.prefix(while: { $0 != ";" }) else { return false }
        return type.hasPrefix("text/") && type != "text/event-stream" || type.hasSuffix("json") || type.hasSuffix("javascript")
            || type.hasSuffix("xml")
            || type.hasSuffix("+yaml")
    }
}

/// The bytes of a body.
private final class Collected {
    var bytes: [UInt8] = []
}

/// Collects a body's bytes instead of sending them.
private struct Collector: ResponseBodyWriter {
    let collected: Collected

    mutating func write(_ buffer: ByteBuffer) async throws { self.collected.bytes.append(contentsOf: buffer.readableBytesView) }
    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
