import FoundationEssentials
import Synchronization

/// A partner's server on a free port of the loopback, which verifies requests with PyPI's `standardwebhooks`. The path selects the answer: `/ok`, `/hang`
/// (none, until the client leaves), `/status/<n>`, `/big` (a gigabyte, while the client reads), `/redirect`, `/flaky/<n>` (503 to the first n requests
/// of that path), `/later/<n>` (503 with `Retry-After: <n>` to the first request of that path).
public final class WebhookReceiver: Sendable {
    /// A received request.
    public struct Request: Sendable, Decodable {
        /// The request's path.
        public let path: String
        /// The time of its arrival, in seconds since 1970.
        public let at: Double
        /// From the headers.
        public let id: String
        /// The receiver's secrets that verify it.
        public let secrets: [String]
        /// The number of its signatures.
        public let signatures: Int
        /// The body's bytes.
        public let body: String
    }

    /// `http://127.0.0.1:<port>`, or `https://…`
    public let url: String
    private let process: ChildProcess

    /// Starts one and waits until it listens.
    /// - Parameter certificate: enables TLS.
    public init(secrets: [String], certificate: CertificateAuthority.Certificate? = nil) async throws {
        let tls = [certificate?.file ?? "", certificate?.key ?? ""]
        self.process = try ChildProcess(try await TestPython.path(), ["-u", "-c", Self.script] + tls + secrets)
        let port = try await self.process.firstLine(matching: #"listening on (\d+)\n"#)
        self.url = "\(certificate == nil ? "http" : "https")://127.0.0.1:\(port)"
    }

    /// Waits for the request with a number, from 1, and reads it.
    public func request(_ number: Int) async throws -> Request {
        let line = try await self.process.firstLine(matching: #"request \#(number) (.*)\n"#, within: .seconds(60))
        return try JSONDecoder().decode(Request.self, from: Data(line.utf8))
    }

    /// The number of requests so far.
    public var count: Int { self.lines.count }

    /// The requests of a path so far.
    public func requests(to path: String) throws -> [Request] {
        try self.lines.map { line in
            try JSONDecoder().decode(Request.self, from: Data(line.drop { $0 != "{" }.utf8))
        }.filter { $0.path == path }
    }

    private var lines: [Substring] { self.process.output.split(separator: "\n").filter { $0.hasPrefix("request ") && $0.hasSuffix("}") } }

    private static let script = #"""
        import collections, http.server, json, ssl, sys, threading, time
        from standardwebhooks import Webhook, WebhookVerificationError

        certificate, key, *secrets = sys.argv[1:]
        lock, numbers = threading.Lock(), collections.Counter()

        def verifies(secret, body, headers):
            try:
                Webhook(secret).verify(body, headers)
                return True
            except WebhookVerificationError:
                return False

        class Receiver(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                entry = {
                    "path": self.path, "at": time.time(), "id": headers["webhook-id"], "signatures": len(headers["webhook-signature"].split()), "body": body,
                    "secrets": [secret for secret in secrets if verifies(secret, body, headers)],
                }
                with lock:
                    numbers["all"] += 1
                    numbers[self.path] += 1
                    number = numbers[self.path]
                    print(f"request {numbers['all']} {json.dumps(entry)}")
                _, kind, *rest = self.path.split("/")
                if kind == "hang":
                    self.rfile.read()
                    return
                fails = kind == "flaky" and number <= int(rest[0]) or kind == "later" and number == 1
                status = 302 if kind == "redirect" else int(rest[0]) if kind == "status" else 503 if fails else 200
                self.send_response(status)
                if kind == "later":
                    self.send_header("Retry-After", rest[0])
                if kind == "redirect":
                    self.send_header("Location", "/ok")
                if kind == "big":
                    self.end_headers()
                    try:
                        for _ in range(1024):
                            self.wfile.write(b"x" * (1 << 20))
                    except OSError:
                        pass
                    return
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 512
            daemon_threads = True

        server = Server(("127.0.0.1", 0), Receiver)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            # A handshake that fails ends its own connection alone.
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        print(f"listening on {server.server_port}")
        server.serve_forever()
        """#
}
