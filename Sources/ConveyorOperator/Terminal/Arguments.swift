public import ArgumentParser
public import Conveyor
public import FoundationEssentials

/// A past time in an option: `15m`, `2h`, `7d`, or RFC 3339.
public struct Since: ExpressibleByArgument, Sendable {
    /// The time.
    public let date: Date

    /// nil if the text is no time.
    public init?(argument: String) {
        if let date = Timestamp.date(argument) {
            self.date = date
            return
        }
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
        guard let unit = argument.last.flatMap({ units[$0] }), let number = Double(argument.dropLast()), number >= 0, number.isFinite else {
            return nil
        }
        self.date = Clock.bounded(Date().addingTimeInterval(-number * unit))
    }

    /// The forms of a time.
    public static var defaultValueDescription: String { "15m, 2h, 7d or a time" }
}

/// A rate in an option: `50` or `50/s`, up to 100,000.
struct Rate: ExpressibleByArgument, Sendable {
    /// Greater than 0.
    let perSecond: Double

    init?(argument: String) {
        let number = argument.hasSuffix("/s") ? argument.dropLast(2) : argument[...]
        guard let rate = Double(number), rate > 0, rate <= ReplayRequest.greatestRate else { return nil }
        self.perSecond = rate
    }
}

extension ID {
    /// An id from the command line.
    /// - Throws: `NothingFound` if the text is not an id.
    public init(named text: String, of what: String) throws(NothingFound) {
        guard let id = ID(text) else { throw NothingFound("no \(what) \(text.onOneLine): it is not an id") }
        self = id
    }
}
