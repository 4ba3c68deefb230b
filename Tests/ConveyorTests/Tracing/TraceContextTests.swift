import Testing

@testable import Conveyor

@Suite struct TraceContextTests {
    @Test(arguments: [
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-0000000000000000000000000000000f-0000000000000001-00",
    ]) func `a traceparent survives a round trip`(text: String) throws {
        #expect(try #require(TraceContext(traceparent: text)).traceparent == text)
    }

    @Test func `its parts are the ids and the flag`() throws {
        let trace = try #require(TraceContext(traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03"))
        #expect(trace.traceID == "0af7651916cd43dd8448eb211c80319c")
        #expect((trace.traceHigh, trace.traceLow) == (0x0af7_6519_16cd_43dd, 0x8448_eb21_1c80_319c))
        #expect(trace.spanID == 0xb7ad_6b71_6920_3331)
        #expect(trace.isSampled)
        // Flags that this version does not know are not passed on.
        #expect(trace.traceparent.hasSuffix("-01"))
    }

    @Test(arguments: [
        "", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
        "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", " 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x", "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.more",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333\u{e9}-1",
    ]) func `a malformed traceparent is ignored`(text: String) {
        #expect(TraceContext(traceparent: text) == nil)
    }

    @Test(arguments: ["", "-what-comes-after"]) func `a later version is read as far as it is known`(rest: String) throws {
        let trace = try #require(TraceContext(traceparent: "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" + rest))
        #expect(trace.traceparent == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    }

    @Test func `ids differ, also between threads`() async {
        let ids = await withTaskGroup(of: [UInt64].self) { group in
            for _ in 0..<4 {
                group.addTask {
                    (0..<2500).flatMap { _ in
                        let root = TraceContext.root(share: 1)
                        return [root.traceHigh, root.traceLow, root.spanID, root.next().spanID]
                    }
                }
            }
            return await group.reduce(into: [UInt64]()) { $0 += $1 }
        }
        #expect(Set(ids).count == 40_000)
    }

    @Test(arguments: [0, 0.05, 0.5, 1]) func `about the configured share of new traces is recorded`(share: Double) {
        let count = (0..<10_000).count { _ in TraceContext.root(share: share).isSampled }
        #expect(abs(Double(count) - share * 10_000) < 300)
    }

    @Test func `a smaller share lies within a greater one`() {
        for _ in 0..<1000 {
            let trace = TraceContext.root(share: 0.3)
            #expect(trace.isWithin(0.3) == trace.isSampled)
            if trace.isWithin(0.1) { #expect(trace.isSampled) }
        }
    }

    @Test func `the next span of a trace has another id and the same decision`() {
        for share in [0.0, 1.0] {
            let root = TraceContext.root(share: share)
            let next = root.next()
            #expect(next.traceID == root.traceID)
            #expect(next.spanID != root.spanID)
            #expect(next.isSampled == root.isSampled)
        }
    }
}
