import Conveyor
import FoundationEssentials

/// The time of a `Date` header (RFC 9110, section 5.6.7): `Tue, 24 Nov 2026 21:04:05 GMT`.
enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// nil for the two obsolete forms, which no server sends.
    static func parse(_ text: String) -> Date? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let month = self.months.firstIndex(of: String(words[2])) else { return nil }
        return Timestamp.date("\(words[3])-\(month < 9 ? "0" : "")\(month + 1)-\(words[1])T\(words[4])Z")
    }
}
