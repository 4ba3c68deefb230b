import FoundationEssentials
import Kit
import Postgres

/// When the fields of a row were last changed, by the time the command was sent: of several commands for one field the newest wins, in whatever order
/// they are handled.
struct Edits: Sendable, Equatable {
    /// Milliseconds since 1970, by field.
    private var times: [String: Int64]

    /// Of a row that was never changed.
    init() { self.times = [:] }

    /// Reads the column `edited`.
    init(_ json: JSONText?) throws { self.times = try json.map { try JSON.decode(from: $0.bytes) } ?? [:] }

    /// For the column `edited`.
    var json: JSONText? {
        get throws { self.times.isEmpty ? nil : JSONText(try JSON.encode(self.times)) }
    }

    /// Whether a command is the newest so far for a field; if so, later ones are compared with it.
    mutating func admits(_ field: String, _ envelope: Envelope) -> Bool {
        let sentAt = Clock.milliseconds(envelope.sentDate)
        if let last = self.times[field], last > sentAt { return false }
        self.times[field] = sentAt
        return true
    }
}
