public import FoundationEssentials
import Glibc

/// The time of day as numbers since 1970-01-01T00:00:00Z. For durations use `ContinuousClock`.
public enum Clock {
    /// Now, in microseconds.
    public static func microseconds() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
    }

    /// Now, in milliseconds.
    public static func milliseconds() -> Int64 { self.microseconds() / 1000 }

    /// Now, in seconds.
    public static func seconds() -> Int64 { self.microseconds() / 1_000_000 }

    /// A date in milliseconds, without fractions. Dates beyond the range of `Int64` become its smallest or largest value.
    public static func milliseconds(_ date: Date) -> Int64 {
        // `Date` counts seconds since 2001 in floating point: near today it is exact to about 0.1 µs, so the nearest microsecond is right.
        let microseconds = (date.timeIntervalSince1970 * 1_000_000).rounded()
        guard let exact = Int64(exactly: microseconds) else { return microseconds > 0 ? .max : .min }
        return exact >= 0 ? exact / 1000 : (exact - 999) / 1000
    }

    /// The date of a time in milliseconds.
    public static func date(milliseconds: Int64) -> Date { Date(timeIntervalSince1970: Double(milliseconds) / 1000) }

    /// The date of a time in microseconds.
    public static func date(microseconds: Int64) -> Date { Date(timeIntervalSince1970: Double(microseconds) / 1_000_000) }

    /// The years 1 to 9999 in microseconds, which RFC 3339 can write and Postgres can store.
    private static let calendar: ClosedRange<Int64> = -62_135_596_800_000_000...253_402_300_799_999_999

    /// The date of a text with microseconds, as in cursors; nil for anything else, and for a year outside 1 to 9999.
    public static func date(microseconds text: some StringProtocol) -> Date? {
        guard let microseconds = Int64(text), self.calendar.contains(microseconds) else { return nil }
        return self.bounded(self.date(microseconds: microseconds))
    }

    /// A date clamped to the years 1 to 9999, so that arithmetic on external dates stays finite.
    public static func bounded(_ date: Date) -> Date {
        // The last whole second: so far from today a date is not exact to a microsecond.
        min(max(date, self.date(microseconds: self.calendar.lowerBound)), self.date(milliseconds: self.calendar.upperBound / 1_000_000 * 1000))
    }
}
