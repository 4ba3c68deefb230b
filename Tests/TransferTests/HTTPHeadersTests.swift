import Testing
import Transfer

@Suite struct HTTPHeadersTests {
    @Test func `names are compared without case, and only in ASCII`() {
        var headers: HTTPHeaders = ["Content-Type": "a", "X-K": "k"]
        #expect(headers["content-TYPE"] == "a")
        #expect(headers["x-\u{212A}"] == nil)  // the Kelvin sign, whose lower case is k
        headers["CONTENT-TYPE"] = "b"
        #expect(headers.values("Content-Type") == ["b"])
        headers.add("content-type", "c")
        #expect(headers.values("Content-Type") == ["b", "c"])
        headers["Content-Type"] = nil
        #expect(headers.fields.map(\.name) == ["X-K"])
    }

    @Test(arguments: [
        ("0", 0), ("7", 7), ("86400", 86_400), ("86401", 86_400), ("9223372036854775807", 86_400), ("9223372036854775808", 86_400),
        (String(repeating: "9", count: 400), 86_400),
    ])
    func `Retry-After is at most a day`(_ text: String, _ seconds: Int) {
        #expect((["Retry-After": text] as HTTPHeaders).retryAfter == .seconds(seconds))
    }

    @Test(arguments: ["", "-1", "-9223372036854775808", "1.5", "nan", "inf", "1e9", "0x10", "１", "tomorrow GMT", "Mon, 30 Nov 2026 10:00:00", "now"])
    func `an invalid Retry-After is ignored`(_ text: String) {
        #expect((["Retry-After": text] as HTTPHeaders).retryAfter == nil)
    }

    @Test func `a date is as good as seconds`() {
        #expect((["Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"] as HTTPHeaders).retryAfter == .zero)
        #expect((["Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"] as HTTPHeaders).retryAfter == .seconds(86_400))
    }
}
