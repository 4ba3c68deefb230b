import Testing
import Transfer

@testable import Conveyor

@Suite struct SentryRateLimitsTests {
    private let now = ContinuousClock.now

    /// The limited categories after this number of seconds.
    private func forbidden(_ limits: SentryRateLimits, after seconds: Double) -> [SentryRateLimits.Category] {
        [.error, .transaction].filter { limits.forbid($0, at: self.now + .seconds(seconds)) }
    }

    private func limits(_ status: Int, _ headers: HTTPHeaders) -> SentryRateLimits {
        var limits = SentryRateLimits()
        limits.heed(HTTPResponse(status: status, headers: headers), at: self.now)
        return limits
    }

    @Test func `nothing is limited at first, nor after a success`() {
        #expect(self.forbidden(SentryRateLimits(), after: 0) == [])
        #expect(self.forbidden(self.limits(200, [:]), after: 0) == [])
    }

    @Test func `the header limits its categories at any status`() {
        let limits = self.limits(200, ["X-Sentry-Rate-Limits": "60:transaction:key, 2700:default;error;security:organization:quota"])
        #expect(self.forbidden(limits, after: 59) == [.error, .transaction])
        #expect(self.forbidden(limits, after: 61) == [.error])
        #expect(self.forbidden(limits, after: 2701) == [])
    }

    @Test(arguments: ["60::organization", "60", "60:"]) func `an empty category limits all`(header: String) {
        let limits = self.limits(429, ["X-Sentry-Rate-Limits": header])
        #expect(self.forbidden(limits, after: 59) == [.error, .transaction])
        #expect(self.forbidden(limits, after: 61) == [])
    }

    @Test func `unknown categories are ignored`() {
        #expect(self.forbidden(self.limits(429, ["X-Sentry-Rate-Limits": "60:replay;attachment:key", "Retry-After": "60"]), after: 0) == [])
    }

    @Test(arguments: [("7", 7.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 60), ("", 60)])
    func `without the header a 429 limits everything for its Retry-After`(
        value: String, seconds: Double
    ) {
        let limits = self.limits(429, ["Retry-After": value])
        #expect(self.forbidden(limits, after: seconds - 1) == [.error, .transaction])
        #expect(self.forbidden(limits, after: seconds + 1) == [])
    }

    @Test func `a shorter limit does not end a longer one`() {
        var limits = self.limits(429, ["X-Sentry-Rate-Limits": "100:error:key"])
        limits.heed(HTTPResponse(status: 429, headers: ["X-Sentry-Rate-Limits": "1:error:key"]), at: self.now)
        #expect(self.forbidden(limits, after: 50) == [.error])
    }

    @Test(arguments: ["", ",,", "::", "soon:error", "-5:error:key", "nan:error", "1e300:error:key", "60:error;;:"]) func `nonsense is ignored`(
        header: String
    ) {
        let limits = self.limits(429, ["X-Sentry-Rate-Limits": header])
        #expect(self.forbidden(limits, after: 86_401) == [])
    }
}
