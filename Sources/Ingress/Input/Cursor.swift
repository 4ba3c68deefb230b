import Conveyor
import FoundationEssentials
import Shop

/// The position after the last item of a page: its sort key and id, so that pages stay complete while rows change. Opaque to clients.
struct Cursor: Sendable, Equatable {
    /// The sort key's value as text.
    var key: String
    var id: ID

    init(key: String, id: ID) {
        self.key = key
        self.id = id
    }

    /// A cursor for a time, to the microsecond.
    init(_ time: Date, _ id: ID) {
        self.init(key: String(Int64((Clock.bounded(time).timeIntervalSince1970 * 1_000_000).rounded())), id: id)
    }

    /// Parses ``text``; nil for anything else.
    init?(_ text: String) {
        guard text.utf8.count <= 2000, let bytes = Base64URL.decode(text.utf8), bytes.count >= 16, let id = ID(bytes: bytes),
            let key = String(validating: bytes[16...], as: UTF8.self), !key.utf8.contains(0)
        else { return nil }
        self.id = id
        self.key = key
    }

    var text: String { Base64URL.encode(self.id.bytes + Array(self.key.utf8)) }

    /// The time in a cursor.
    /// - Throws: `Problem` `bad_cursor`.
    func time() throws(Problem) -> Date {
        guard let time = Clock.date(microseconds: self.key) else {
            throw Problem(.badCursor, "The cursor is not valid for this list; use next_cursor of the previous page.")
        }
        return time
    }
}

/// One page of a list.
struct Page<Item: Encodable & Sendable>: Encodable, Sendable {
    let items: [Item]
    let nextCursor: String?

    /// A page of at most `limit` items.
    /// - Parameters:
    ///   - rows: at most one more than `limit`; the extra one shows that there is a next page.
    ///   - cursor: returns the position after an item.
    init(_ rows: [Item], limit: Int, cursor: (Item) -> Cursor) { self.init(rows, limit: limit, item: { $0 }, cursor: cursor) }

    /// As ``init(_:limit:cursor:)``, from rows that contain more than the items.
    init<Row>(_ rows: [Row], limit: Int, item: (Row) -> Item, cursor: (Row) -> Cursor) {
        let page = rows.prefix(limit)
        self.items = page.map(item)
        self.nextCursor = rows.count > limit ? page.last.map { cursor($0).text } : nil
    }

    /// An empty last page.
    static var empty: Page { Page([Item](), limit: 0) { _ in Cursor(key: "", id: ID(high: 0, low: 0)) } }

    enum CodingKeys: String, CodingKey {
        case items
        case nextCursor = "next_cursor"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.items, forKey: .items)
        try container.encode(self.nextCursor, forKey: .nextCursor)
    }
}
