import Conveyor
import FoundationEssentials
import Testing

@Suite struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (1_795_467_845_123, "2026-11-23T21:04:05.123Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"), (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] as [(Int64, String)])
    func `a time is written and read as RFC 3339 in UTC with milliseconds`(milliseconds: Int64, text: String) {
        #expect(Timestamp.string(milliseconds: milliseconds) == text)
        #expect(Timestamp.milliseconds(text) == milliseconds)
        #expect(Timestamp.string(Clock.date(milliseconds: milliseconds)) == text)
        var bytes: [UInt8] = []
        Timestamp.append(milliseconds: milliseconds, to: &bytes)
        #expect(bytes == Array(text.utf8))
    }

    @Test func `every day of eight centuries survives a round trip`() {
        for day in Int64(-150_000)...150_000 {
            let milliseconds = day * 86_400_000 + (day & 0x3FF_FFFF)
            #expect(Timestamp.milliseconds(Timestamp.string(milliseconds: milliseconds)) == milliseconds)
        }
    }

    @Test func `the format agrees with the standard library's ISO 8601 in this century`() throws {
        for _ in 0..<500 {
            let date = Date(timeIntervalSince1970: Double(Int64.random(in: 0..<4_000_000_000)))
            #expect(Timestamp.string(date).replacing(".000", with: "") == date.formatted(.iso8601))
        }
    }

    @Test(
        arguments: [
            ("2026-11-23T21:04:05Z", 1_795_467_845_000), ("2026-11-23t21:04:05.1z", 1_795_467_845_100),
            ("2026-11-23 21:04:05.123456789Z", 1_795_467_845_123),
            ("2026-11-23T22:04:05+01:00", 1_795_467_845_000), ("2026-11-23T18:34:05.5-02:30", 1_795_467_845_500),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000),
            ("1969-12-31T23:59:59.9995Z", -1),
        ] as [(String, Int64)])
    func `other forms of RFC 3339 are read`(text: String, milliseconds: Int64) {
        #expect(Timestamp.milliseconds(text) == milliseconds)
    }

    @Test(arguments: [
        "", "2026-11-23", "2026-11-23T21:04:05", "2026-11-23T21:04:05.Z", "2026-11-23T21:04:05.123", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:61Z", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00Z ", " 2026-01-01T00:00:00Z", "+026-01-01T00:00:00Z",
        "2026-01-01T00:00:00+0100", "２０２６-01-01T00:00:00Z", "26-01-01T00:00:00Z",
    ])
    func `a malformed time is refused`(text: String) {
        #expect(Timestamp.date(text) == nil)
        #expect(Timestamp.milliseconds(text) == nil)
    }

    @Test func `the clock's units agree, and a date beyond Int64 does not stop the process`() {
        let (before, seconds, milliseconds, microseconds) = (Date(), Clock.seconds(), Clock.milliseconds(), Clock.microseconds())
        #expect(abs(Int64(before.timeIntervalSince1970) - seconds) <= 1)
        #expect((0...2).contains(milliseconds / 1000 - seconds))
        #expect((0...2000).contains(microseconds / 1000 - milliseconds))
        #expect(Clock.milliseconds(Date(timeIntervalSince1970: .infinity)) == .max)
        #expect(Clock.milliseconds(Date(timeIntervalSince1970: -1e300)) == .min)
        #expect(Timestamp.string(Date.distantFuture) == "4001-01-01T00:00:00.000Z")
        #expect(Timestamp.string(milliseconds: .max) == "9999-12-31T23:59:59.999Z")
        #expect(Timestamp.string(milliseconds: .min) == "0000-01-01T00:00:00.000Z")
    }
}
