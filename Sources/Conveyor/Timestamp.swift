public import FoundationEssentials

/// The text form of all times: RFC 3339 in UTC with milliseconds, `2026-11-23T21:04:05.123Z`.
///
/// Arithmetic on the proleptic Gregorian calendar without locale and formatter: a few dozen nanoseconds each.
/// The days are counted as in https://howardhinnant.github.io/date_algorithms.html.
public enum Timestamp {
    /// The text of a time; times before the year 0 or after the year 9999 become the first or last moment in between.
    public static func string(_ date: Date) -> String { self.string(milliseconds: Clock.milliseconds(date)) }

    /// The text of a time in milliseconds since 1970.
    public static func string(milliseconds: Int64) -> String {
        String(unsafeUninitializedCapacity: 24) { buffer in
            var count = 0
            self.write(milliseconds) { byte in
                buffer[count] = byte
                count += 1
            }
            return count
        }
    }

    /// Appends the text of a time in milliseconds since 1970: 24 bytes.
    public static func append(milliseconds: Int64, to bytes: inout [UInt8]) { self.write(milliseconds) { bytes.append($0) } }

    private static let first: Int64 = -62_167_219_200_000
    private static let last: Int64 = 253_402_300_799_999

    @inline(__always)
    private static func write(_ milliseconds: Int64, _ put: (UInt8) -> Void) {
        let milliseconds = min(max(milliseconds, Self.first), Self.last)
        let (seconds, fraction) = Self.floorDivided(milliseconds, by: 1000)
        let (days, second) = Self.floorDivided(seconds, by: 86_400)
        let (year, month, day) = Self.civil(days)
        func digits(_ value: Int64, _ unit: Int64) {
            var unit = unit
            while unit > 0 {
                put(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value / unit % 10))
                unit /= 10
            }
        }
        digits(year, 1000)
        put(UInt8(ascii: "-"))
        digits(month, 10)
        put(UInt8(ascii: "-"))
        digits(day, 10)
        put(UInt8(ascii: "T"))
        digits(second / 3600, 10)
        put(UInt8(ascii: ":"))
        digits(second / 60 % 60, 10)
        put(UInt8(ascii: ":"))
        digits(second % 60, 10)
        put(UInt8(ascii: "."))
        digits(fraction, 100)
        put(UInt8(ascii: "Z"))
    }

    private static func floorDivided(_ value: Int64, by unit: Int64) -> (Int64, Int64) {
        let rest = value % unit
        return rest < 0 ? (value / unit - 1, rest + unit) : (value / unit, rest)
    }

    /// Year, month and day of a day counted from 1970-01-01.
    private static func civil(_ day: Int64) -> (Int64, Int64, Int64) {
        let (era, dayOfEra) = Self.floorDivided(day + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153  // months from March
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    /// The day, counted from 1970-01-01, of a year, month and day.
    static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = Self.floorDivided(year, by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
