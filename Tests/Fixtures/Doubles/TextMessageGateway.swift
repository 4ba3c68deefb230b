import FoundationEssentials

/// A gateway for text messages with Twilio's API on a free port of the loopback; it delivers nothing.
public final class TextMessageGateway: Sendable {
    /// A received request.
    public struct Request: Sendable, Decodable {
        /// `/2010-04-01/Accounts/…/Messages.json`
        public let path: String
        /// The header `Authorization`.
        public let authorization: String
        /// The fields of the form.
        public let form: [String: String]
    }

    /// For `SMS_API_BASE`.
    public let url: String
    private let process: ChildProcess

    /// Starts one and waits until it listens.
    ///
    /// - Parameter answers: the statuses of the first requests; all others get 201.
    public init(answers: Int...) async throws {
        self.process = try ChildProcess("python3", ["-u", "-c", Self.script] + answers.map(String.init))
        self.url = "http://127.0.0.1:\(try await self.process.firstLine(matching: #"listening on (\d+)\n"#))"
    }

    /// Waits for the request with a number, from 1, and reads it.
    public func request(_ number: Int) async throws -> Request {
        let line = try await self.process.firstLine(matching: #"request \#(number) (.*)\n"#, within: .seconds(60))
        return try JSONDecoder().decode(Request.self, from: Data(line.utf8))
    }

    // Errors in the form of twilio.com/docs/usage/twilios-response#response-formats-exceptions.
    private static let script = #"""
        import http.server, json, sys, urllib.parse

        answers, numbers = [int(answer) for answer in sys.argv[1:]], []

        class Gateway(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode(), strict_parsing=True)
                status = answers.pop(0) if answers else 201
                if status == 201:
                    body = {"sid": "SM" + "0" * 32, "status": "queued"}
                else:
                    body = {"code": 21211 if status == 400 else 20001, "message": "as asked", "status": status}
                answer = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                entry = {"path": self.path, "authorization": self.headers["Authorization"], "form": {name: value[0] for name, value in form.items()}}
                numbers.append(1)
                print(f"request {len(numbers)} {json.dumps(entry)}")
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
        print(f"listening on {server.server_port}")
        server.serve_forever()
        """#
}
