import Conveyor
import FoundationEssentials
import Markup
import Testing

@testable import ConveyorOperator
@testable import Operator

/// The console's components, without a server.
@Suite struct ConsoleTextTests {
    @Test func `a form is parsed as browsers encode it`() {
        let form = Form("a=1&b=x+y%2Bz&c=&d&a=2&%C3%A9=%E2%82%AC&bad=%zz%4&=nameless")
        #expect(form["a"] == "1")
        #expect(form.all("a") == ["1", "2"])
        #expect(form["b"] == "x y+z")
        #expect(form["c"] == "" && form["d"] == "" && form["e"] == nil)
        #expect(form["é"] == "€")
        #expect(form["bad"] == "%zz%4")
        #expect(Form("q=%20%20").text("q") == nil && Form("q=+a b+").text("q") == "a b")
        #expect(Form("q=%ff")["q"] == "\u{fffd}")
        #expect(Form("q=a%00b")["q"] == "a\u{fffd}b")
        #expect(Form.query([("a", "x&y=z"), ("b", nil)]) == "?a=x%26y%3Dz")
    }

    @Test func `HTML is escaped by bytes, so that no accent shields a quote`() {
        let text = "<a href=\"x\"\u{301}> & ' \0 \r\n"
        let escaped = HTMLText.escape(text)
        #expect(Array(escaped.utf8) == Array("&lt;a href=&quot;x&quot;\u{301}&gt; &amp; &#39; \u{fffd} &#13;\n".utf8))
    }

    @Test func `no template shows anything unescaped, or has an inline script or style`() throws {
        for (name, bytes) in ConsoleTemplates.texts {
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(!text.contains("{{{") && !text.contains("{{&"), "\(name)")
            #expect(!text.contains("style=") && text.firstMatch(of: #/ on[a-z]+=/#) == nil && text.firstMatch(of: /<script>/) == nil, "\(name)")
            // An attribute without quotes would end at a blank.
            #expect(text.firstMatch(of: /=\{\{/) == nil, "\(name)")
        }
        _ = try ConsoleTemplates.all()
    }

    @Test func `every posting form contains the session's token`() {
        for (name, bytes) in ConsoleTemplates.texts {
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(text.matches(of: /method="post"/).count == text.matches(of: /name="csrf_token"/).count, "\(name)")
        }
    }

    @Test func `JSON is formatted token by token, and no number changes`() throws {
        let json = try #require(PrettyJSON(Array(#"{"n":12345678901234567890.10e+1,"s":"\u0000\"","a":[],"o":{},"l":[1,true,null]}"#.utf8)))
        #expect(
            json.text == """
                {
                  "n": 12345678901234567890.10e+1,
                  "s": "\\u0000\\"",
                  "a": [],
                  "o": {},
                  "l": [
                    1,
                    true,
                    null
                  ]
                }
                """)
    }

    @Test(arguments: ["", "{", "[1,]", "{\"a\":}", "nul", "01", "1.", "\"a", "\"\u{1}\"", "\"\\x\"", "{}{}", "{\"a\" 1}", "-", "1e"])
    func `text that is not JSON is not formatted`(text: String) {
        #expect(PrettyJSON(Array(text.utf8)) == nil)
    }

    @Test func `endlessly nested JSON is not formatted`() {
        #expect(PrettyJSON(Array(repeating: UInt8(ascii: "["), count: 1 << 20)) == nil)
        #expect(PrettyJSON([0xff, 0xfe]) == nil)
    }

    @Test func `invisible characters are made visible`() {
        #expect("a\u{0}b\u{1b}[31m\u{202E}c\u{200B}\td\n".visible == "a⟨U+0000⟩b⟨U+001B⟩[31m⟨U+202E⟩c⟨U+200B⟩\td\n")
        #expect("Größe 👩‍🚀".shortened(to: 3) == "Grö…" && "abc".shortened(to: 3) == "abc")
    }

    @Test func `a form belongs to its own cookie, and to no other`() {
        let token = FormToken.of("a cookie")
        #expect(FormToken.isValid(token, for: "a cookie") && !FormToken.isValid(token, for: "another"))
        #expect(!FormToken.isValid(nil, for: "a cookie") && !FormToken.isValid("", for: "a cookie"))
        #expect(SignInPage.cleanedName("Ada <script> Lovelace") == "AdascriptLovelace" && SignInPage.cleanedName(" ") == nil)
    }

    @Test func `guesses at a name wait for each other beyond a few, and too many are refused`() async throws {
        let limit = GuessLimit(throttle: RateLimiter(quota: 2, per: .seconds(120)), pause: .milliseconds(200), longestWait: .milliseconds(300))
        for _ in 0..<2 {
            #expect(try await limit.turn(of: "a", name: "ada") == nil)
            limit.failed("a", name: "ada")
        }
        #expect(try await limit.turn(of: "a", name: "ada") != nil, "looked at all the same")
        #expect(try await limit.turn(of: "b", name: "ada") == nil)
        #expect(try await limit.turn(of: "a", name: "eve") == nil)
        let results = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<6 { group.addTask { (try? await limit.turn(of: "a", name: "Ada")) != nil } }
            return await group.reduce(into: [Bool]()) { $0.append($1) }
        }
        #expect(results.contains(true) && results.contains(false))
    }

    @Test func `numbers and times are written for people`() {
        #expect(Quantity.count(1_234_567) == "1,234,567" && Quantity.count(-1000) == "−1,000" && Quantity.count(1, "letter") == "1 letter")
        #expect(Quantity.rate(0.04) == "0" && Quantity.rate(0.42) == "0.4" && Quantity.rate(1234.4) == "1,234")
        #expect(Quantity.span(milliseconds: 0.25) == "250 µs" && Quantity.span(milliseconds: 1500) == "1.5 s")
        #expect(Quantity.span(seconds: 12_000) == "3 h 20 min" && Quantity.size(1 << 20) == "1.0 MiB")
        #expect(Moment(milliseconds: 1_764_104_645_000, now: 1_764_104_825_000).ago == "3 min ago")
        #expect(Moment(milliseconds: 1_764_104_645_000, now: 1_774_104_825_000).clock == "25 Nov 2025 21:04")
    }

    @Test(arguments: [Double.infinity, -.infinity, .nan, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 1e19, -1e19])
    func `an impossible number is written all the same`(value: Double) {
        for text in [
            Quantity.span(milliseconds: value), Quantity.rate(value), Quantity.decimal(value, places: 2), TimeChart.number(value),
            Quantity.count(Quantity.whole(value)),
        ] { #expect(!text.isEmpty) }
        #expect(abs(Quantity.whole(value)) <= 1_000_000_000_000_000)
    }

    @Test(arguments: [Int64.min, .max, 0]) func `a time outside the calendar is written as the nearest in it`(milliseconds: Int64) {
        #expect(!Moment(milliseconds: milliseconds).ago.isEmpty)
        #expect(["0001-01-01", "9999-12-31", "1970-01-01"].contains(Moment(milliseconds: milliseconds).exact.prefix(10)))
    }

    @Test func `a page link with an impossible time is ignored`() {
        let id = "3d3c5a9e-0f6b-7f43-9a51-0a4a3c1f2b10"
        for time in ["-9223372036854775808", "9223372036854775807", "253402300800000000", "-62135596800000001", "1e3", ""] {
            #expect(DeadLetterCursor("\(time)_\(id)") == nil, "\(time)")
        }
        #expect(DeadLetterCursor("1764104645000000_\(id)")?.text == "1764104645000000_\(id)")
    }

    @Test(arguments: ["1e300h", "1e308w", "9999999999999999999d", "100000000d"]) func `a range that begins before the calendar begins with it`(
        span: String
    )
        throws
    {
        #expect(try #require(Since(argument: span)).date.timeIntervalSince1970 >= -62_135_596_800)
    }

    @Test func `a rate has a limit`() {
        for rate in ["1e300", "100001/s", "0", "-1", "nan", "inf"] { #expect(Rate(argument: rate) == nil, "\(rate)") }
        #expect(Rate(argument: "50/s")?.perSecond == 50)
    }

    @Test func `a chart's scale is a round number above all values`() {
        for (value, scale) in [(0, 1), (1, 1), (1.5, 2), (3, 5), (10, 10), (11, 20), (4999, 5000), (5001, 10_000)] as [(Double, Double)] {
            #expect(TimeChart.scale(above: value) == scale)
        }
    }

    @Test func `a chart leaves gaps without measurements`() {
        let chart = TimeChart(
            id: "c", title: "C", start: 0, step: 60_000, smallestScale: 1,
            series: [.init(name: "in", tone: "t", values: [1, nil, 3, 4], text: { "\(Int($0))" })])
        #expect(chart.series[0].line.matches(of: /M/).count == 2)
        #expect(chart.columns.count == 3 && chart.columns.last?.title == "00:03  4 in")
        #expect(chart.summary == "C, the last hour. in: 4 now, at most 4")
    }
}
