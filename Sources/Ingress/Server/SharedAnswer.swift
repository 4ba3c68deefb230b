import HTTPTypes
import Hummingbird
import NIOCore

/// The same answer for all clients: built once, then sent without any work on its content.
///
/// Browsers and proxies that store it must revalidate it each time (`no-cache`), which costs a `304`: so no client sees
/// a stale value after a change.
struct SharedAnswer: Sendable {
    private let tag: EntityTag
    private let plain: Response
    /// nil if the answer is too short to gain by it.
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

    /// The content for one client, with `no-store`.
    var privateResponse: Response {
        var response = self.plain
        response.headers[.cacheControl] = "private, no-store"
        response.headers[.eTag] = nil
        return response
    }

    /// `200` with the content, gzipped if the client accepts that; `304` if the client has it.
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
