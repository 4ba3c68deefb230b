import Conveyor
import Postgres
import Shop

/// A customer's search text as Postgres full-text queries: each word matches by its prefix, and a word that no product has matches as a
/// misspelling of similar words.
struct SearchWords: Sendable {
    /// Matches products with all words.
    let all: String
    /// Matches products with at least one whole word; these rank first.
    let whole: String

    /// The limit of words; further ones are ignored.
    private static let limit = 8

    /// For each word, normalised like the products' own (`searchable`): its position, whether a product has a word with this prefix, and if not,
    /// the words that look alike by trigrams or by the same characters.
    private static let find: Statement = """
        select t.word, t.places, t.is_known, case when t.is_known then '{}' else array(
            select w.word from product_words w where w.word % t.word or w.letters = sorted_letters(t.word)
            order by w.letters = sorted_letters(t.word) desc, similarity(w.word, t.word) desc, w.word limit 20) end
        from (
            select l.word, l.places,
                   exists (select from product_words w where w.word >= l.word collate "C" and w.word < l.word || chr(1114111)) as is_known
            from unnest(to_tsvector('simple', searchable($1))) l(word, places, weights) order by l.places[1] limit $2
        ) t order by t.places[1]
        """
    /// Low, since ``isSlip(_:for:)`` checks the candidates again.
    private static let lowerThreshold: Statement = "select set_config('pg_trgm.similarity_threshold', '0.2', true)"

    /// Looks up the words of a text.
    /// - Returns: nil if nothing can match.
    static func find(_ text: String, in pool: PostgresPool) async throws -> SearchWords? {
        let rows = try await pool.pipeline([Call(Self.lowerThreshold), Call(Self.find, text, Int64(Self.limit))])[1]
        var all: [String] = []
        var whole: [String] = []
        var characters: [(place: Int16, character: String)] = []
        for (word, places, isKnown, similar) in try rows.decode((String, [Int16], Bool, [String]).self) {
            if Self.isCharacter(word) {
                guard isKnown else { return nil }
                characters += places.map { ($0, word) }
            } else if isKnown {
                all.append("\(Self.quoted(word)):*")
                whole.append(Self.quoted(word))
            } else {
                let meant = similar.filter { Self.isSlip(word, for: $0) }.map(Self.quoted)
                if meant.isEmpty { return nil }
                all.append("(\(meant.joined(separator: " | ")))")
                whole += meant
            }
        }
        let phrases = Self.phrases(characters)
        all += phrases
        whole += phrases
        return all.isEmpty ? nil : SearchWords(all: all.joined(separator: " & "), whole: whole.joined(separator: " | "))
    }

    /// Whether a word is a single character of a script without spaces between words; `searchable` makes each such character a word.
    private static func isCharacter(_ word: String) -> Bool {
        guard let scalar = word.unicodeScalars.first, word.unicodeScalars.count == 1 else { return false }
        switch scalar.value {
        case 0x3005...0x3007, 0x3040...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xAC00...0xD7AF, 0xF900...0xFAFF, 0x20000...0x3134F: return true
        default: return false
        }
    }

    /// The runs of such characters: adjacent ones must be adjacent in the product as well.
    private static func phrases(_ characters: [(place: Int16, character: String)]) -> [String] {
        var phrases: [String] = []
        var run: [String] = []
        var last: Int16?
        for (place, character) in characters.sorted(by: { $0.place < $1.place }) {
            if let last, place > last &+ 1 {
                phrases.append("(\(run.joined(separator: " <-> ")))")
                run = []
            }
            run.append(Self.quoted(character))
            last = place
        }
        if !run.isEmpty { phrases.append("(\(run.joined(separator: " <-> ")))") }
        return phrases
    }

    /// In the syntax of `tsquery` (https://www.postgresql.org/docs/15/datatype-textsearch.html#DATATYPE-TSQUERY).
    private static func quoted(_ word: String) -> String {
        "'" + word.map { $0 == "'" ? "''" : $0 == "\\" ? "\\\\" : String($0) }.joined() + "'"
    }

    /// Whether a word may be a misspelling of another: one character wrong, missing, extra or swapped with its neighbour; two in a long word.
    static func isSlip(_ word: String, for other: String) -> Bool {
        let (word, other) = (Array(word), Array(other))
        let allowed = word.count < 3 ? 0 : word.count < 6 ? 1 : 2
        guard word.count <= 64, abs(word.count - other.count) <= allowed else { return false }
        // The optimal string alignment distance, row by row.
        var beforeLast: [Int] = []
        var last = Array(0...other.count)
        for (row, letter) in word.enumerated() {
            var next = [row + 1]
            for (column, otherLetter) in other.enumerated() {
                var distance = min(last[column] + (letter == otherLetter ? 0 : 1), last[column + 1] + 1, next[column] + 1)
                if row > 0, column > 0, letter == other[column - 1], word[row - 1] == otherLetter {
                    distance = min(distance, beforeLast[column - 1] + 1)
                }
                next.append(distance)
            }
            (beforeLast, last) = (last, next)
        }
        return last[other.count] <= allowed
    }
}
