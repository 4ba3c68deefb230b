/// The tree of `expand[]`: the id fields that the answer contains as whole objects.
///
/// https://docs.stripe.com/expand: at most four levels deep; in lists the paths begin with `data`.
struct Expansion: Sendable, Equatable {
    private(set) var children: [String: Expansion] = [:]

    static let none = Expansion()

    /// - Throws: `invalid_request_error` if a path is deeper than four levels.
    init(paths: [String]) throws(StripeError) {
        for path in paths {
            let names = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            if names.count > 4 { throw .badRequest("You cannot expand more than 4 levels of a property: \(path).", param: "expand") }
            self.insert(names[...])
        }
    }

    private init() {}

    subscript(name: String) -> Expansion? { self.children[name] }

    private mutating func insert(_ names: ArraySlice<String>) {
        guard let first = names.first else { return }
        self.children[first, default: Expansion()].insert(names.dropFirst())
    }
}
