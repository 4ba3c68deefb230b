import FoundationEssentials

/// A browser and its push service on a free port of the loopback. It decrypts with PyPI's `http-ece`, and verifies the sender's token with
/// PyCA's `cryptography`, both independent of Conveyor.
public final class PushService: Sendable {
    /// A subscription in the form of `PushSubscription.toJSON()`.
    public struct Subscription: Sendable, Decodable {
        /// The endpoint for its messages.
        public let endpoint: String
        /// The browser's public key.
        public let p256dh: String
        /// The browser's secret.
        public let auth: String
    }

    /// A received request.
    public struct Request: Sendable, Decodable {
        /// Of the subscription.
        public let endpoint: String
        /// Names in lower case.
        public let headers: [String: String]
        /// The claims in the sender's token, if its signature is valid.
        public let claims: [String: JSONScalar]?
        /// The key that signed it.
        public let key: String
        /// The decrypted message.
        public let text: String
    }

    /// A number or a text.
    public enum JSONScalar: Sendable, Decodable, Equatable {
        /// A number.
        case int(Int)
        /// A text.
        case string(String)

        /// Reads either.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let int = try? container.decode(Int.self) { self = .int(int) } else { self = .string(try container.decode(String.self)) }
        }
    }

    /// `http://127.0.0.1:<port>`
    public let url: String
    private let process: ChildProcess

    /// Starts one and waits until it listens.
    /// - Parameter answers: to the first requests: a status, or a status and seconds for `Retry-After`: `429/1`; all others get 201.
    public init(answers: [String] = []) async throws {
        self.process = try ChildProcess(try await TestPython.path(), ["-u", "-c", Self.script] + answers)
        self.url = "http://127.0.0.1:\(try await self.process.firstLine(matching: #"listening on (\d+)\n"#))"
    }

    /// The subscription of the browser with a number, from 1; always the same.
    public func subscription(_ number: Int) async throws -> Subscription {
        let line = try await self.process.firstLine(matching: #"subscription \#(number) (.*)\n"#)
        return try JSONDecoder().decode(Subscription.self, from: Data(line.utf8))
    }

    /// Waits for the request with a number, from 1, and reads it.
    public func request(_ number: Int) async throws -> Request {
        let line = try await self.process.firstLine(matching: #"request \#(number) (.*)\n"#, within: .seconds(60))
        return try JSONDecoder().decode(Request.self, from: Data(line.utf8))
    }

    /// The number of requests so far.
    public var count: Int { self.process.output.split(separator: "\n").count { $0.hasPrefix("request ") } }

    private static let script = #"""
        import base64, http.server, json, os, sys, threading
        import http_ece
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec, utils

        answers, lock, count = sys.argv[1:], threading.Lock(), 0
        encode = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()
        decode = lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

        def verified(token, key):
            head, claims, signature = token.split(".")
            raw = decode(signature)
            signature = utils.encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
            try:
                ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(key)).verify(
                    signature, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
            except InvalidSignature:
                return None
            assert json.loads(decode(head))["alg"] == "ES256"
            return json.loads(decode(claims))

        class Service(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                global count
                body = self.rfile.read(int(self.headers["Content-Length"]))
                browser = browsers[int(self.path.rpartition("/")[2]) - 1]
                scheme, _, rest = self.headers["Authorization"].partition(" ")
                assert scheme == "vapid"
                word = dict(part.strip().split("=", 1) for part in rest.split(","))
                text = http_ece.decrypt(body, private_key=browser["key"], auth_secret=browser["secret"], version="aes128gcm").decode()
                entry = {
                    "endpoint": base + self.path, "headers": {name.lower(): value for name, value in self.headers.items()},
                    "claims": verified(word["t"], word["k"]), "key": word["k"], "text": text,
                }
                with lock:
                    count += 1
                    status, _, wait = (answers.pop(0) if answers else "201").partition("/")
                    print(f"request {count} {json.dumps(entry)}")
                self.send_response(int(status))
                if wait:
                    self.send_header("Retry-After", wait)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
        base = f"http://127.0.0.1:{server.server_port}"
        browsers = [{"key": ec.generate_private_key(ec.SECP256R1()), "secret": os.urandom(16)} for _ in range(4)]
        for number, browser in enumerate(browsers, 1):
            point = browser["key"].public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
            print(f"subscription {number} " + json.dumps(
                {"endpoint": f"{base}/send/{number}", "p256dh": encode(point), "auth": encode(browser["secret"])}))
        print(f"listening on {server.server_port}")
        server.serve_forever()
        """#
}
