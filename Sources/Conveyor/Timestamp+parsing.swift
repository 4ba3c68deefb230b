public import FoundationEssentials

extension Timestamp {
    /// Parses RFC 3339 with any offset and any number of fractional digits (those beyond microseconds are dropped).
    /// - Returns: nil if it is malformed or the day does not exist. A leap second counts as the following second.
    public static func date(_ text: String) -> Date? { self.microseconds(text).map { Clock.date(microseconds: $0) } }

    /// Parses RFC 3339 into milliseconds since 1970; nil if it is malformed.
    public static func milliseconds(_ text: String) -> Int64? {
        self.microseconds(text).map { $0 >= 0 ? $0 / 1000 : ($0 - 999) / 1000 }
    }

    private static func microseconds(_ text: String) -> Int64? {
        var text = text
        return text.withUTF8 { bytes in
            var reader = Reader(bytes: bytes)
            guard let year = reader.number(digits: 4), reader.take("-"), let month = reader.number(digits: 2), reader.take("-"),
                let day = reader.number(digits: 2), reader.take("T", "t", " "),
                let hour = reader.number(digits: 2), reader.take(":"), let minute = reader.number(digits: 2), reader.take(":"),
                let second = reader.number(digits: 2),
                (1...12).contains(month), (1...Self.length(of: month, in: year)).contains(day), hour < 24, minute < 60, second <= 60
            else { return nil }
            var fraction: Int64 = 0
            if reader.take(".") {
                guard let digits = reader.microseconds() else { return nil }
                fraction = digits
            }
            guard let offset = reader.offset(), reader.isAtEnd else { return nil }
            let seconds = Self.days(year: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second - offset
            return seconds * 1_000_000 + fraction
        }
    }

    private static func length(of month: Int64, in year: Int64) -> Int64 {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private struct Reader {
        let bytes: UnsafeBufferPointer<UInt8>
        var position = 0

        var isAtEnd: Bool { self.position == self.bytes.count }

        mutating func take(_ choices: Unicode.Scalar...) -> Bool {
            guard self.position < self.bytes.count, choices.contains(where: { UInt8(ascii: $0) == self.bytes[self.position] }) else { return false }
            self.position += 1
            return true
        }

        private mutating func digit() -> Int64? {
            guard self.position < self.bytes.count, case let digit = self.bytes[self.position] &- UInt8(ascii: "0"), digit <= 9 else { return nil }
            self.position += 1
            return Int64(digit)
        }

        mutating func number(digits: Int) -> Int64? {
            var number: Int64 = 0
            for _ in 0..<digits {
                guard let digit = self.digit() else { return nil }
                number = number * 10 + digit
            }
            return number
        }

        /// The digits after the point, the first six of them as microseconds.
        mutating func microseconds() -> Int64? {
            guard let first = self.digit() else { return nil }
            var (value, unit) = (first * 100_000, Int64(10_000))
            while let digit = self.digit() {
                value += digit * unit
                unit /= 10
            }
            return value
        }

        /// Seconds east of UTC.
        mutating func offset() -> Int64? {
            if self.take("Z", "z") { return 0 }
            let isEast = self.take("+")
            guard isEast || self.take("-"), let hours = self.number(digits: 2), self.take(":"), let minutes = self.number(digits: 2), hours < 24,
                minutes < 60
            else { return nil }
            return (hours * 3600 + minutes * 60) * (isEast ? 1 : -1)
        }
    }
}
