import Conveyor
import HTTPTypes
import Hummingbird
import Shop
import Testing

@testable import Ingress

@Suite struct RequestTests {
    private static func request(_ path: String = "/", _ headers: HTTPFields = [:]) -> Request {
        Request(head: HTTPRequest(method: .get, scheme: "http", authority: "x", path: path, headerFields: headers), body: .init(buffer: .init()))
    }

    @Test func `a query is decoded like a form`() throws {
        let query = try Query(Self.request("/?q=a+b%20c%2Bd%C3%A4&q=last&empty=&flag&n=5&x=a=b"))
        #expect(try query.string("q") == "last")
        #expect(try query.string("empty") == nil)
        #expect(try query.string("flag") == nil)
        #expect(try query.int("n", 1...9) == 5)
        #expect(try query.string("x") == "a=b")
        #expect(try Query(Self.request("/?q=a+b%20c%2Bd%C3%A4")).string("q") == "a b c+dä")
    }

    @Test(arguments: ["%", "%1", "%zz", "%ff", "%c3%28", "%ed%a0%80"]) func `text that is not percent-encoded UTF-8 is rejected`(text: String) {
        #expect(PercentEncoding.decode(text) == nil)
    }

    @Test(arguments: [
        ("gzip", true), ("GZIP", true), ("br, gzip", true), ("*", true), ("gzip;q=0.5", true), ("x-gzip", true), ("gzip; q = 1.0", true), ("", false),
        ("br", false), ("gzip;q=0", false), ("gzip;q=0.000", false), ("*;q=0", false), ("*, gzip;q=0", false), ("gzip;q=x", false),
        ("identity", false),
    ])
    func `gzip is accepted if it is named with a weight above 0`(header: String, isTaken: Bool) {
        #expect(Self.request("/", [.acceptEncoding: header]).acceptsGzip == isTaken)
        #expect(!Self.request().acceptsGzip)
    }

    @Test(arguments: [
        ("wait=5", 5), ("respond-async, wait=5", 5), ("wait=\"5\"", 5), ("WAIT = 5; x=1", 5), ("wait=99", 30), ("wait=0", 0), ("wait=-1", nil),
        ("wait", nil), ("wait=x", nil), ("return=minimal", nil), ("", nil),
    ])
    func `an unknown preference is ignored`(header: String, seconds: Int?) {
        #expect(Preference(Self.request("/", [.prefer: header]))?.seconds == seconds)
    }

    @Test func `entity tags are compared weakly, plain or gzipped, in a list or as a star`() {
        let tag = EntityTag(of: Array("content".utf8))
        func known(_ header: String) -> String? { tag.known(to: Self.request("/", [.ifNoneMatch: header])) }
        #expect(known(tag.text) == tag.text)
        #expect(known("W/\(tag.text)") == tag.text)
        #expect(known(tag.gzipped.text) == tag.gzipped.text)
        #expect(known("\"a\", W/\"b\",\(tag.text)") == tag.text)
        #expect(known("*") == tag.text)
        for other in ["\"a\"", "", "a", "\"", "\"\"", String(tag.text.dropFirst())] { #expect(known(other) == nil) }
        #expect(tag.known(to: Self.request()) == nil)
    }

    @Test func `the link to the next page keeps the query and cannot be broken out of`() {
        func link(_ path: String) -> String? { Self.request(path).link(toNext: "abc")[.link] }
        #expect(link("/p") == "</p?cursor=abc>; rel=\"next\"")
        #expect(link("/p?a=1&cursor=old&b=%20") == "</p?a=1&b=%20&cursor=abc>; rel=\"next\"")
        #expect(link("/p?q=x>;rel=\"a\"") == "</p?q=x%3E;rel=%22a%22&cursor=abc>; rel=\"next\"")
        #expect(Self.request("/p").link(toNext: nil)[.link] == nil)
    }
}
