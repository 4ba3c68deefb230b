import Conveyor
import HTTPTypes

/// The ids of a request: taken from its headers if they can be used, else made.
enum RequestIdentity {
    /// 1 to 128 printable characters without blanks; else 32 hexadecimal digits of our own.
    static func requestID(_ given: String?) -> String {
        if let given, 1...128 ~= given.utf8.count, given.utf8.allSatisfy({ 0x21...0x7e ~= $0 }) { return given }
        return TraceContext.hexadecimal(TraceContext.random()) + TraceContext.hexadecimal(TraceContext.random())
    }

    /// The method as a metric's label: one of the usual ones, as a client may send any word.
    static func knownMethod(_ method: HTTPRequest.Method) -> String {
        switch method {
        case .get, .head, .post, .put, .patch, .delete, .options: method.rawValue
        default: "OTHER"
        }
    }
}
