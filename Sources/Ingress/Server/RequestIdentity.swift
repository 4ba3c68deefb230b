import Conveyor
import HTTPTypes

/// The ids of a request: from its headers if they are usable, else generated.
enum RequestIdentity {
    /// 1 to 128 printable characters without spaces; else 32 generated hexadecimal digits.
    static func requestID(_ given: String?) -> String {
        if let given, 1...128 ~= given.utf8.count, given.utf8.allSatisfy({ 0x21...0x7e ~= $0 }) { return given }
        return TraceContext.hexadecimal(TraceContext.random()) + TraceContext.hexadecimal(TraceContext.random())
    }

    /// The method as a metric label; unusual methods share one, since clients may send any word.
    static func knownMethod(_ method: HTTPRequest.Method) -> String {
        switch method {
        case .get, .head, .post, .put, .patch, .delete, .options: method.rawValue
        default: "OTHER"
        }
    }
}
