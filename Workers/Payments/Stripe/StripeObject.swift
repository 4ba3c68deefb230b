/// A Stripe object with an id.
protocol StripeObject: Decodable, Sendable {
    var id: String { get }
}

/// A field that contains an id, or the whole object if it was expanded.
struct Reference: StripeObject {
    let id: String

    private enum CodingKeys: CodingKey { case id }

    init(from decoder: any Decoder) throws {
        if let container = try? decoder.container(keyedBy: CodingKeys.self) {
            self.id = try container.decode(String.self, forKey: .id)
        } else {
            self.id = try decoder.singleValueContainer().decode(String.self)
        }
    }
}

/// A page of a list (docs.stripe.com/api/pagination).
struct StripeList<Object: StripeObject>: Decodable, Sendable {
    var data: [Object]
    var hasMore: Bool

    enum CodingKeys: String, CodingKey {
        case data
        case hasMore = "has_more"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.data = try container.decode([Object].self, forKey: .data)
        self.hasMore = try container.decodeIfPresent(Bool.self, forKey: .hasMore) ?? false
    }
}
