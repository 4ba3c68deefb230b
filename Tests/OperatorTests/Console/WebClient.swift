import Fixtures
import Synchronization
import Transfer

/// A browser without JavaScript: it keeps cookies and sends forms, and does not follow redirects.
final class WebClient: Sendable {
    /// `http://127.0.0.1:port`
    let base: String
    private let client: HTTPClient
    private let cookies = Mutex<[String: String]>([:])

    /// A page as it came.
    struct Page: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var text: String

        var location: String? { self.headers["Location"] }

        /// The value of the first hidden field with a name.
        func hidden(_ name: String) -> String? {
            self.text.firstMatch(of: try! Regex(#"<input type="hidden" name="\#(name)" value="([^"]*)""#, as: (Substring, Substring).self)).map {
                String($0.output.1)
            }
        }
    }

    init(base: String, caFile: String? = nil) throws {
        self.base = base
        self.client = try HTTPClient(userAgent: "conveyor-tests/1", caFile: caFile)
    }

    /// The value of one of its cookies.
    func cookie(_ name: String) -> String? { self.cookies.withLock { $0[name] } }

    /// Sets a cookie, or removes one.
    func setCookie(_ name: String, _ value: String?) { self.cookies.withLock { $0[name] = value } }

    func get(_ path: String, headers: HTTPHeaders = [:]) async throws -> Page { try await self.send(.get, path, headers: headers) }

    /// Sends a form unchanged, without a token.
    func post(_ path: String, _ fields: [(String, String)], headers: HTTPHeaders = [:]) async throws -> Page {
        let body = fields.map { "\(Self.encoded($0.0))=\(Self.encoded($0.1))" }.joined(separator: "&")
        var headers = headers
        if headers["Content-Type"] == nil { headers["Content-Type"] = "application/x-www-form-urlencoded" }
        return try await self.send(.post, path, headers: headers, body: Array(body.utf8))
    }

    /// Signs in, as with the form of `/login`.
    func signIn(token: String, name: String = "ada") async throws -> Page {
        let page = try await self.get("/login")
        return try await self.post("/login", [("csrf_token", page.hidden("csrf_token") ?? ""), ("name", name), ("token", token)])
    }

    /// Sends a form with the token of one of the session's pages.
    func submit(_ path: String, _ fields: [(String, String)] = []) async throws -> Page {
        let token = try await self.get("/jobs").hidden("csrf_token") ?? ""
        return try await self.post(path, [("csrf_token", token)] + fields)
    }

    private func send(_ method: HTTPMethod, _ path: String, headers: HTTPHeaders, body: [UInt8]? = nil) async throws -> Page {
        var headers = headers
        let cookies = self.cookies.withLock { $0.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: "; ") }
        if !cookies.isEmpty { headers["Cookie"] = cookies }
        let response = try await self.client.send(
            HTTPRequest(method, url: self.base + path, headers: headers, body: body, maximumResponseSize: 32 << 20))
        for line in response.headers.values("Set-Cookie") {
            let pair = line.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            self.setCookie(String(pair[0]), pair.count == 2 && !pair[1].isEmpty ? String(pair[1]) : nil)
        }
        return Page(status: response.status, headers: response.headers, text: String(decoding: response.body, as: UTF8.self))
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.reduce(into: "") { encoded, byte in
            let scalar = Unicode.Scalar(byte)
            let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
            encoded += isPlain ? String(scalar) : (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
        }
    }
}
