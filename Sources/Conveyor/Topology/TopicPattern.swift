/// A topic exchange's binding pattern: words between dots, `*` for exactly one word, `#` for any number of words.
struct TopicPattern: Sendable {
    private let words: [Substring]

    init(_ text: String) { self.words = text.split(separator: ".", omittingEmptySubsequences: false) }

    /// Whether it matches only itself.
    var isLiteral: Bool { !self.words.contains { $0 == "*" || $0 == "#" } }

    /// Whether the broker routes a key by it.
    func matches(_ key: String) -> Bool { Self.matches(self.words[...], key.split(separator: ".", omittingEmptySubsequences: false)[...]) }

    private static func matches(_ pattern: ArraySlice<Substring>, _ key: ArraySlice<Substring>) -> Bool {
        guard let first = pattern.first else { return key.isEmpty }
        let rest = pattern.dropFirst()
        if first == "#" { return self.matches(rest, key) || !key.isEmpty && self.matches(pattern, key.dropFirst()) }
        guard let word = key.first, first == "*" || first == word else { return false }
        return self.matches(rest, key.dropFirst())
    }
}
