import Conveyor
import Shop

/// A problem as it is answered to what never became a request: by the guards of connections and streams.
struct PlainAnswer {
    /// Names and values.
    let headers: [(String, String)]
    let body: [UInt8]

    init(_ problem: Problem) {
        let requestID = RequestIdentity.requestID(nil)
        // Strings and numbers only: that cannot fail.
        self.body = (try? JSON.encode(ProblemBody(problem, requestID: requestID))) ?? []
        var headers = [
            ("content-type", "application/problem+json"), ("content-length", String(self.body.count)), ("cache-control", "private, no-store"),
            ("x-content-type-options", "nosniff"), ("x-request-id", requestID),
        ]
        if problem.code == .methodNotAllowed { headers.append(("allow", Routes.knownMethods.joined(separator: ", "))) }
        if problem.code == .rateLimited { headers.append(("retry-after", "5")) }
        self.headers = headers
        Metrics.httpRequest(method: "OTHER", route: "unknown", status: problem.code.status, seconds: 0)
    }
}

extension OpenBody {
    static let tooMuch = Problem(.rateLimited, "Too many request bodies from this client at once; send them one after the other.")
    static let tooLate = Problem(.requestTimeout, "The request body took too long to arrive.")
}

/// The field `Host`, or `:authority` of HTTP/2.
enum Host {
    static let problem = Problem(.badRequest, "A request needs exactly one Host header: a host name and optionally a port.")

    /// Whether it may be a host with a port (RFC 3986, section 3.2.2); nothing is allowed too, as a target may have none.
    static func isValid(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "%"), UInt8(ascii: ":"): true
            case UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"): true
            case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: ";"), UInt8(ascii: "="): true
            default: false
            }
        }
    }
}
