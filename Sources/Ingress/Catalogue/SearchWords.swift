import Conveyor
import Postgres
import Shop

/// What a customer has typed, as queries of Postgres' full-text search: each word as the beginning of one, and one that no product has as those
/// that it may be a slip for.
struct SearchWords: Sendable {
    /// Matches the products that have all words.
    let all: String
    /// Matches those that have any of them, and whole: they come first.
    let whole: String

    /// Words beyond these are not looked at.
    private static let limit = 8

    /// The words as the products' own are made (`searchable`), where they stand, whether a product has one that begins so, and if none has, which look
    /// alike: by what they have in common, or by having the same letters.
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
    /// Low, as what it finds is looked at again by ``isSlip(_:for:)``.
    private static let lowerThreshold: Statement = "select set_config('pg_trgm.similarity_threshold', '0.2', true)"

    /// Looks the words of a text up.
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

    /// Whether a word is one character of a script that puts no blanks between words; each is a word by itself, as `searchable` has parted them.
    private static func isCharacter(_ word: String) -> Bool {
        guard let scalar = word.unicodeScalars.first, word.unicodeScalars.count == 1 else { return false }
        switch scalar.value {
        case 0x3005...0x3007, 0x3040...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xAC00...0xD7AF, 0xF900...0xFAFF, 0x20000...0x3134F: return true
        default: return false
        }
    }

    /// The runs of such characters: those that were typed side by side stand so in what is found.
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

    /// As a `tsquery` has it (https://www.postgresql.org/docs/15/datatype-textsearch.html#DATATYPE-TSQUERY).
    private static func quoted(_ word: String) -> String {
        "'" + word.map { $0 == "'" ? "''" : $0 == "\\" ? "\\\\" : String($0) }.joined() + "'"
    }

    /// Whether a word may be another one mistyped: one letter wrong, missing, too many or swapped with its neighbour, in a long word two.
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
