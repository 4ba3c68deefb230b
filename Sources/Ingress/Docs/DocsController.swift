import CDocs
import HTTPTypes
import Hummingbird
import NIOCore

/// `GET /openapi.json` and `GET /docs`, a page of Swagger UI that loads nothing from other hosts.
struct DocsController: Sendable {
    /// Embedded in the executable, with an ETag.
    private struct File: Sendable {
        let body: ByteBuffer
        let headers: HTTPFields
        let tag: EntityTag

        init(_ bytes: some Sequence<UInt8>, type: String, encoding: String? = nil) {
            let bytes = Array(bytes)
            self.body = ByteBuffer(bytes: bytes)
            self.tag = EntityTag(of: bytes)
            var headers: HTTPFields = [.contentType: type, .eTag: self.tag.text, .cacheControl: "public, no-cache"]
            if let encoding { headers[.contentEncoding] = encoding }
            // Swagger UI sets inline styles, and uses icons as data URLs.
            headers[.contentSecurityPolicy] =
                "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; form-action 'self'"
            self.headers = headers
        }

        func response(to request: Request) -> Response {
            guard let known = self.tag.known(to: request) else {
                return Response(status: .ok, headers: self.headers, body: .init(byteBuffer: self.body))
            }
            return Response(status: .notModified, headers: [.eTag: known, .cacheControl: "public, no-cache"])
        }
    }

    func add(to routes: inout Routes) {
        func serve(_ path: String, _ file: File) {
            routes.on(.get, path) { request, _ in file.response(to: request) }
        }
        serve("/openapi.json", File(Self.bytes(docs_openapi()), type: "application/json"))
        serve("/docs", File(Self.page.utf8, type: "text/html; charset=utf-8"))
        serve("/docs/start.js", File(Self.start.utf8, type: "text/javascript; charset=utf-8"))
        serve("/docs/swagger-ui.css", File(Self.bytes(docs_swagger_ui_css()), type: "text/css; charset=utf-8", encoding: "gzip"))
        serve("/docs/docs.css", File(Self.style.utf8, type: "text/css; charset=utf-8"))
        serve(
            "/docs/swagger-ui-bundle.js",
            File(Self.bytes(docs_swagger_ui_bundle()), type: "text/javascript; charset=utf-8", encoding: "gzip"))
    }

    private static func bytes(_ file: docs_file) -> UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: file.bytes, count: file.count) }

    private static let page = """
        <!doctype html>
        <html lang="en">
          <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>Conveyor's API</title>
            <link rel="icon" href="data:,">
            <link rel="stylesheet" href="/docs/swagger-ui.css">
            <link rel="stylesheet" href="/docs/docs.css">
          </head>
          <body>
            <noscript>This page needs JavaScript; the description itself is at <a href="/openapi.json">/openapi.json</a>.</noscript>
            <main id="docs"></main>
            <script src="/docs/swagger-ui-bundle.js"></script>
            <script src="/docs/start.js"></script>
          </body>
        </html>
        """

    /// Swagger UI has a dark theme behind a class, which the page must set.
    private static let start = """
        const dark = matchMedia("(prefers-color-scheme: dark)");
        const choose = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
        dark.addEventListener("change", choose);
        choose();
        SwaggerUIBundle({
          url: "/openapi.json", dom_id: "#docs", deepLinking: true, validatorUrl: null, persistAuthorization: false,
          tryItOutEnabled: true, defaultModelsExpandDepth: 0,
        });
        """

    private static let style = """
        body { margin: 0; }
        noscript { display: block; padding: 24px; font-family: sans-serif; }
        html.dark-mode { background: #1c2022; }
        .swagger-ui .information-container .info { margin: 24px 0; }
        .swagger-ui .scheme-container { margin-bottom: 12px; padding: 16px 0; }
        """
}
