import HTTPTypes

/// The ids of a request: taken from its headers if they can be used, else made.
enum RequestIdentity {
    /// 1 to 128 printable characters without blanks; else 32 hexadecimal digits of our own.
    static func requestID(_ given: String?) -> String {
        if let given, 1...128 ~= given.utf8.count, given.utf8.allSatisfy({ 0x21...0x7e ~= $0 }) { return given }
        return self.hexadecimal(.random(in: 0 ... .max)) + self.hexadecimal(.random(in: 0 ... .max))
    }

    /// The header if it is one of version 00 (https://www.w3.org/TR/trace-context/), else a new trace that is not sampled.
    static func traceparent(_ given: String?) -> String {
        if let given, self.isTraceparent(given) { return given }
        let trace = self.hexadecimal(.random(in: 1 ... .max)) + self.hexadecimal(.random(in: 0 ... .max))
        return "00-\(trace)-\(self.hexadecimal(.random(in: 1 ... .max)))-00"
    }

    /// The method as a metric's label: one of the usual ones, as a client may send any word.
    static func knownMethod(_ method: HTTPRequest.Method) -> String {
        switch method {
        case .get, .head, .post, .put, .patch, .delete, .options: method.rawValue
        default: "OTHER"
        }
    }

    private static func isTraceparent(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 55, bytes[2] == UInt8(ascii: "-"), bytes[35] == UInt8(ascii: "-"), bytes[52] == UInt8(ascii: "-"),
            text.hasPrefix("00")
        else { return false }
        func isHexadecimal(_ range: Range<Int>) -> Bool {
            bytes[range].allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0 }
        }
        func isZero(_ range: Range<Int>) -> Bool { bytes[range].allSatisfy { $0 == UInt8(ascii: "0") } }
        return isHexadecimal(3..<35) && isHexadecimal(36..<52) && isHexadecimal(53..<55) && !isZero(3..<35) && !isZero(36..<52)
    }

    private static let digits = Array("0123456789abcdef".utf8)

    private static func hexadecimal(_ word: UInt64) -> String {
        String(unsafeUninitializedCapacity: 16) { text in
            for index in 0..<16 { text[index] = self.digits[Int(word >> UInt64(60 - 4 * index) & 15)] }
            return 16
        }
    }
}
