/// A text in which `*` matches anything: `payment_intent.*`, `/v1/payment_intents/*/confirm`.
struct Pattern: Sendable, Equatable {
    let text: String
    private let parts: [Substring]

    init(_ text: String) {
        self.text = text
        self.parts = text.split(separator: "*", omittingEmptySubsequences: false)
    }

    func matches(_ candidate: String) -> Bool {
        guard let first = self.parts.first, let last = self.parts.last, candidate.hasPrefix(first) else { return false }
        if self.parts.count == 1 { return candidate == self.text }
        var rest = candidate.dropFirst(first.count)
        for part in self.parts.dropFirst().dropLast() where !part.isEmpty {
            guard let range = rest.firstRange(of: part) else { return false }
            rest = rest[range.upperBound...]
        }
        return rest.hasSuffix(last)
    }
}
