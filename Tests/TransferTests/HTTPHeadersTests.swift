import Testing
import Transfer

@Suite struct HTTPHeadersTests {
    @Test func `names are compared without case, and only in ASCII`() {
        var headers: HTTPHeaders = ["Content-Type": "a", "X-K": "k"]
        #expect(headers["content-TYPE"] == "a")
        #expect(headers["x-\u{212A}"] == nil)  // the Kelvin sign, whose small letter is k
        headers["CONTENT-TYPE"] = "b"
        #expect(headers.values("Content-Type") == ["b"])
        headers.add("content-type", "c")
        #expect(headers.values("Content-Type") == ["b", "c"])
        headers["Content-Type"] = nil
        #expect(headers.fields.map(\.name) == ["X-K"])
    }
}
