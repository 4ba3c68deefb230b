import Conveyor
import Resources
import Shop

/// A problem as the guards answer it, where no request was parsed.
struct PlainAnswer {
    /// The header fields.
    let headers: [(String, String)]
    let body: [UInt8]

    init(_ problem: Problem) {
        let requestID = RequestIdentity.requestID(nil)
        // Cannot fail: it contains only strings and numbers.
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

/// The header `Host`, or HTTP/2's `:authority`.
enum Host {
    static let problem = Problem(.badRequest, "A request needs exactly one Host header: a host name and optionally a port.")

    /// Whether it may be a host with a port (RFC 3986, section 3.2.2); it may be empty, since a target may have no authority.
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
