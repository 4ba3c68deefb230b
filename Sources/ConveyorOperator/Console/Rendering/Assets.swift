import Crypto
import HTTPTypes
import Hummingbird
import NIOCore

/// The stylesheet, the script and the icon: embedded in the executable, and cached by browsers under names that change with the content.
struct Assets: Sendable {
    struct Asset: Sendable {
        let name: String
        let type: String
        let bytes: ByteBuffer
        let tag: String

        /// Contains the digest, so that a new version has a new URL.
        var url: String { "/assets/\(self.name)?v=\(self.tag)" }

        init(_ name: String, _ type: String, _ bytes: [UInt8]) {
            self.name = name
            self.type = type
            self.bytes = ByteBuffer(bytes: bytes)
            self.tag = SHA256.hash(data: bytes).prefix(6).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        }
    }

    let stylesheet = Asset("console.css", "text/css; charset=utf-8", PackageResources.console_css)
    let script = Asset("console.js", "text/javascript; charset=utf-8", PackageResources.console_js)
    let icon = Asset("icon.svg", "image/svg+xml", PackageResources.icon_svg)

    func add(to router: Router<ConsoleContext>) {
        for asset in [self.stylesheet, self.script, self.icon] {
            router.get("/assets/\(asset.name)") { request, _ in Self.respond(asset, to: request) }
        }
        // Browsers request these on their own.
        router.get("/favicon.ico") { [icon] request, _ in Self.respond(icon, to: request) }
    }

    private static func respond(_ asset: Asset, to request: Request) -> Response {
        let headers: HTTPFields = [
            .contentType: asset.type, .eTag: "\"\(asset.tag)\"",
            .cacheControl: request.fields["v"] == asset.tag ? "public, max-age=31536000, immutable" : "no-cache",
        ]
        if request.headers[.ifNoneMatch] == "\"\(asset.tag)\"" { return Response(status: .notModified, headers: headers) }
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: asset.bytes))
    }
}
