/// A page of a list, newest first: at most `limit` objects, before or after a cursor, created within a time span.
///
/// https://docs.stripe.com/api/pagination
struct Page {
    private let limit: Int
    private let startingAfter: String?
    private let endingBefore: String?
    private let created: Span
    /// The fields to expand in each object.
    let expansion: Expansion

    /// Bounds of `created`, in Unix seconds.
    private struct Span {
        var least = Int.min
        var most = Int.max

        init(_ parameters: inout Parameters) throws(StripeError) {
            if case .text = try parameters.tree("created") {
                guard let instant = try parameters.integer("created") else { return }
                (self.least, self.most) = (instant, instant)
                return
            }
            guard var bounds = try parameters.nested("created") else { return }
            if let value = try bounds.integer("gte") { self.least = value }
            if let value = try bounds.integer("gt") { self.least = max(self.least, value == .max ? .max : value + 1) }
            if let value = try bounds.integer("lte") { self.most = value }
            if let value = try bounds.integer("lt") { self.most = min(self.most, value == .min ? .min : value - 1) }
            try bounds.refuseUnknown()
        }

        func contains(_ instant: Int) -> Bool { instant >= self.least && instant <= self.most }
    }

    /// Reads the paging parameters and refuses the rest, so read the list's own parameters before.
    init(_ parameters: inout Parameters, of kind: ObjectKind, unsimulated: Set<String> = []) throws(StripeError) {
        self.limit = try parameters.integer("limit") ?? 10
        self.startingAfter = try parameters.text("starting_after")
        self.endingBefore = try parameters.text("ending_before")
        self.created = try Span(&parameters)
        self.expansion = try parameters.expansion(ofListOf: kind)
        try parameters.refuseUnknown(unsimulated: unsimulated)
        if !(1...100).contains(self.limit) {
            throw .badRequest("Invalid limit: must be between 1 and 100", code: "parameter_invalid_integer", param: "limit")
        }
        if self.startingAfter != nil && self.endingBefore != nil {
            throw .badRequest("You cannot parameterize ending_before and starting_after simultaneously.", param: "ending_before")
        }
    }

    /// - Parameters:
    ///   - ids: the candidates, oldest first; all of the shelf if nil.
    ///   - named: the object's name in the error about an unknown cursor, `payment_intent`.
    func list<Item>(
        _ shelf: Shelf<Item>, ids: [String]? = nil, url: String, named: String, where isWanted: (Item) -> Bool = { _ in true },
        render: (Item) -> JSON
    ) throws(StripeError) -> JSON {
        let after = try self.cursor(self.startingAfter, "starting_after", in: shelf, named)
        let before = try self.cursor(self.endingBefore, "ending_before", in: shelf, named)
        let candidates = ids ?? shelf.order
        var found: [Item] = []
        // Towards `ending_before` the page holds what is next to it, so the search goes from it to the newer ones.
        if let before {
            for id in candidates[Self.index(after: before, in: candidates, shelf)...] {
                guard let item = shelf[id], self.created.contains(item.created), isWanted(item) else { continue }
                found.append(item)
                if found.count > self.limit { break }
            }
        } else {
            let end = after.map { Self.index(notBefore: $0, in: candidates, shelf) } ?? candidates.count
            for id in candidates[..<end].reversed() {
                guard let item = shelf[id], self.created.contains(item.created), isWanted(item) else { continue }
                found.append(item)
                if found.count > self.limit { break }
            }
        }
        let hasMore = found.count > self.limit
        if hasMore { found.removeLast() }
        if before != nil { found.reverse() }
        return ["object": "list", "data": .array(found.map(render)), "has_more": .bool(hasMore), "url": .string(url)]
    }

    /// The serial of the object with a cursor's id.
    private func cursor<Item>(_ id: String?, _ param: String, in shelf: Shelf<Item>, _ named: String) throws(StripeError) -> Int? {
        guard let id else { return nil }
        guard let item = shelf[id] else { throw .noSuch(named, id, param: param) }
        return item.serial
    }

    /// The first of the ordered candidates with at least this serial.
    private static func index<Item>(notBefore serial: Int, in candidates: [String], _ shelf: Shelf<Item>) -> Int {
        var (low, high) = (0, candidates.count)
        while low < high {
            let middle = (low + high) / 2
            if (shelf[candidates[middle]]?.serial ?? .max) < serial { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func index<Item>(after serial: Int, in candidates: [String], _ shelf: Shelf<Item>) -> Int {
        Self.index(notBefore: serial + 1, in: candidates, shelf)
    }
}
