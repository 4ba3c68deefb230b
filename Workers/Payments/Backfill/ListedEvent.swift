import Conveyor
import Shop

/// An event in `GET /v1/events`.
struct ListedEvent: StripeObject {
    let id: String
    /// Unix time.
    let created: Int64
    let type: String
    private let body: JSONValue

    private enum CodingKeys: CodingKey { case id, created, type }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.id = try container.decode(String.self, forKey: .id)
        self.created = try container.decode(Int64.self, forKey: .created)
        self.type = try container.decode(String.self, forKey: .type)
        self.body = try JSONValue(from: decoder)
    }

    /// The message that the webhook would have sent.
    var command: StripeEvent {
        get throws {
            StripeEvent(
                eventID: self.id, eventType: self.type, created: self.created, body: String(decoding: try JSON.encode(self.body), as: UTF8.self))
        }
    }
}
