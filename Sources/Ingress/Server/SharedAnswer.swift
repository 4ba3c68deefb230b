import HTTPTypes
import Hummingbird
import NIOCore

/// A read that is the same for everyone, ready to be sent: made once, then sent as often as it is asked for without any work on its content.
///
/// Whoever keeps it, a browser or a proxy, must ask each time whether it still holds (`no-cache`), which costs a `304`: so nobody reads
/// stale what was changed a moment ago.
struct SharedAnswer: Sendable {
    private let tag: EntityTag
    private let plain: Response
    /// Nil if it is too short to gain by it.
    private let gzipped: Response?

    /// An answer of JSON.
    init(json bytes: [UInt8], headers: HTTPFields = [:]) {
        self.tag = EntityTag(of: bytes)
        var plain = Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
        plain.headers[.contentType] = "application/json"
        plain.headers[.cacheControl] = "public, no-cache"
        plain.headers[.eTag] = self.tag.text
        guard let compressed = Gzip.compressed(bytes) else {
            self.plain = plain
            self.gzipped = nil
            return
        }
        plain.headers.vary(on: .acceptEncoding)
        self.plain = plain
        var gzipped = plain
        gzipped.body = .init(byteBuffer: ByteBuffer(bytes: compressed))
        gzipped.headers[.contentEncoding] = "gzip"
        gzipped.headers[.eTag] = self.tag.gzipped.text
        self.gzipped = gzipped
    }

    /// The content for someone alone: not to be kept by anyone.
    var privateResponse: Response {
        var response = self.plain
        response.headers[.cacheControl] = "private, no-store"
        response.headers[.eTag] = nil
        return response
    }

    /// `200` with the content, gzipped if the client takes that; `304` if it has it already.
    func response(to request: Request) -> Response {
        if let known = self.tag.known(to: request) {
            var response = Response(status: .notModified, headers: self.plain.headers)
            response.headers[.contentLength] = nil
            response.headers[.contentType] = nil
            response.headers[.eTag] = known
            return response
        }
        if let gzipped, request.acceptsGzip { return gzipped }
        return self.plain
    }
}
