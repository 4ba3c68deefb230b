public import FoundationEssentials

/// A cron line: minute, hour, day of the month, month, day of the week (0 or 7 is Sunday), each `*`, `5`, `1-5`, `*/15`, `0-30/10`, or several
/// separated by commas.
/// UTC. As in crontab(5), a day matches either day field if both are limited.
public struct Cron: Sendable, Equatable {
    /// The original line.
    public let text: String
    private let minutes: Set<Int>
    private let hours: Set<Int>
    private let days: Set<Int>
    private let months: Set<Int>
    private let weekdays: Set<Int>
    private let isEveryDay: Bool
    private let isEveryWeekday: Bool

    /// nil if the line is malformed.
    public init?(_ text: String) {
        let fields = text.split(separator: " ").map(String.init)
        guard fields.count == 5, let minutes = Self.field(fields[0], 0...59), let hours = Self.field(fields[1], 0...23),
            let days = Self.field(fields[2], 1...31), let months = Self.field(fields[3], 1...12), let weekdays = Self.field(fields[4], 0...7)
        else { return nil }
        self.text = fields.joined(separator: " ")
        (self.minutes, self.hours, self.days, self.months) = (minutes, hours, days, months)
        self.weekdays = Set(weekdays.map { $0 % 7 })
        (self.isEveryDay, self.isEveryWeekday) = (fields[2] == "*", fields[4] == "*")
    }

    private static func field(_ text: String, _ range: ClosedRange<Int>) -> Set<Int>? {
        var values: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let span = pieces.first else { return nil }
            var step = 1
            if pieces.count == 2 {
                guard let number = Int(pieces[1]), number > 0, number <= range.upperBound else { return nil }
                step = number
            }
            var bounds = range
            if span != "*" {
                let ends = span.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
                guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first <= last, range.contains(first),
                    range.contains(last)
                else { return nil }
                bounds = first...(ends.count == 1 && pieces.count == 2 ? range.upperBound : last)
            }
            values.formUnion(stride(from: bounds.lowerBound, through: bounds.upperBound, by: step))
        }
        return values
    }

    /// The first matching minute after a time; nil if there is none within five years, as for 30 February.
    public func next(after time: Date) -> Date? {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        // From the next whole minute; days and hours that cannot match are skipped.
        var candidate = Date(timeIntervalSince1970: (time.timeIntervalSince1970 / 60).rounded(.down) * 60 + 60)
        let end = time.addingTimeInterval(5 * 366 * 86_400)
        while candidate < end {
            let parts = calendar.dateComponents([.minute, .hour, .day, .month, .weekday], from: candidate)
            guard let minute = parts.minute, let hour = parts.hour, let day = parts.day, let month = parts.month, let weekday = parts.weekday else {
                return nil
            }
            if !self.months.contains(month) || !self.matches(day: day, weekday: weekday - 1) {
                candidate = candidate.addingTimeInterval(Double(86_400 - hour * 3600 - minute * 60))
            } else if !self.hours.contains(hour) {
                candidate = candidate.addingTimeInterval(Double(3600 - minute * 60))
            } else if !self.minutes.contains(minute) {
                candidate = candidate.addingTimeInterval(60)
            } else {
                return candidate
            }
        }
        return nil
    }

    private func matches(day: Int, weekday: Int) -> Bool {
        let (isDay, isWeekday) = (self.days.contains(day), self.weekdays.contains(weekday))
        return self.isEveryDay || self.isEveryWeekday ? isDay && isWeekday : isDay || isWeekday
    }
}
