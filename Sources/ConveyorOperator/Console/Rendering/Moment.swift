public import Conveyor
public import FoundationEssentials

/// A time on a page: how long ago, with the exact time as a tooltip.
public struct Moment: Sendable {
    /// RFC 3339, for `datetime`.
    let exact: String
    /// `21:04:05` today, `23 Nov 21:04` on another day; UTC.
    let clock: String
    /// `3 min ago`
    public let ago: String

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    init(milliseconds: Int64, now: Int64 = Clock.milliseconds()) {
        let milliseconds = Clock.milliseconds(Clock.bounded(Clock.date(milliseconds: milliseconds)))
        let exact = Timestamp.string(milliseconds: milliseconds)
        self.exact = exact
        let today = Timestamp.string(milliseconds: now)
        if exact.prefix(10) == today.prefix(10) {
            self.clock = String(exact.dropFirst(11).prefix(8))
        } else {
            let month = Int(exact.dropFirst(5).prefix(2)).map { Self.months[$0 - 1] } ?? ""
            let year = exact.prefix(4) == today.prefix(4) ? "" : " \(exact.prefix(4))"
            self.clock = "\(exact.dropFirst(8).prefix(2)) \(month)\(year) \(exact.dropFirst(11).prefix(5))"
        }
        // No arithmetic on milliseconds: a row may contain any time.
        let seconds = now / 1000 - milliseconds / 1000
        self.ago = seconds < 0 ? "in \(Quantity.span(seconds: Int(-seconds)))" : seconds < 1 ? "now" : "\(Quantity.span(seconds: Int(seconds))) ago"
    }

    /// A time, as seen from another in milliseconds since 1970.
    public init(_ date: Date, now: Int64 = Clock.milliseconds()) { self.init(milliseconds: Clock.milliseconds(date), now: now) }
}
