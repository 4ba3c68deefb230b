public import FoundationEssentials
import Glibc

/// The time of day, as numbers since 1970-01-01T00:00:00Z. For how long something took, `ContinuousClock` is the one to ask.
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

    /// A date in milliseconds; a fraction of one is left out. What no `Int64` can hold is its greatest or least value.
    public static func milliseconds(_ date: Date) -> Int64 {
        // A date is a count of seconds since 2001 in floating point: of today's it holds about 0.1 µs, so the nearest microsecond is exact.
        let microseconds = (date.timeIntervalSince1970 * 1_000_000).rounded()
        guard let exact = Int64(exactly: microseconds) else { return microseconds > 0 ? .max : .min }
        return exact >= 0 ? exact / 1000 : (exact - 999) / 1000
    }

    /// The date of a time in milliseconds.
    public static func date(milliseconds: Int64) -> Date { Date(timeIntervalSince1970: Double(milliseconds) / 1000) }

    /// The date of a time in microseconds.
    public static func date(microseconds: Int64) -> Date { Date(timeIntervalSince1970: Double(microseconds) / 1_000_000) }

    /// The years 1 to 9999 in microseconds: what RFC 3339 can write and Postgres can keep.
    private static let calendar: ClosedRange<Int64> = -62_135_596_800_000_000...253_402_300_799_999_999

    /// The date that a text from outside counts to in microseconds, as cursors carry it; nil for anything else, and for a year that no calendar has.
    public static func date(microseconds text: some StringProtocol) -> Date? {
        guard let microseconds = Int64(text), self.calendar.contains(microseconds) else { return nil }
        return self.bounded(self.date(microseconds: microseconds))
    }

    /// A date within the years 1 to 9999: the nearest to one that somebody else wrote, so that arithmetic on it stays finite.
    public static func bounded(_ date: Date) -> Date {
        // Up to its last whole second: a date holds no microseconds so far from today.
        min(max(date, self.date(microseconds: self.calendar.lowerBound)), self.date(milliseconds: self.calendar.upperBound / 1_000_000 * 1000))
    }
}
