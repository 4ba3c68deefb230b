import Conveyor
import FoundationEssentials

/// The text in the link to the next page: microseconds since 1970, and the id.
extension DeadLetterCursor {
    var text: String { "\(Int64((Clock.bounded(self.lastFailedAt).timeIntervalSince1970 * 1_000_000).rounded()))_\(self.id)" }

    /// nil if the text is malformed.
    init?(_ text: String) {
        let parts = text.split(separator: "_")
        guard parts.count == 2, let time = Clock.date(microseconds: parts[0]), let id = ID(String(parts[1])) else { return nil }
        self.lastFailedAt = time
        self.id = id
    }
}
