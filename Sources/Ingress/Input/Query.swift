import Conveyor
import Hummingbird
import Shop

/// Reads the parameters of a URL's query.
struct Query {
    private let parameters: [String: String]

    /// The query of a request. Of a repeated parameter the last one counts; one without a value counts as missing.
    /// - Throws: `Problem` `bad_request` if the query is not form-encoded.
    init(_ request: Request) throws(Problem) {
        var parameters: [String: String] = [:]
        for parameter in (request.uri.query ?? "").split(separator: "&") {
            let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(parts[0], isForm: true),
                let value = parts.count == 2 ? PercentEncoding.decode(parts[1], isForm: true) : ""
            else {
                throw Problem(.badRequest, "The query is not percent-encoded UTF-8.")
            }
            parameters[name] = value.isEmpty ? nil : value
        }
        self.parameters = parameters
    }

    private func refuse(_ name: String, _ message: String) -> Problem {
        Problem(.invalid, "A parameter of the query is not valid.", errors: [.init(field: name, message: message)])
    }

    /// A text with a limited length in characters; nil if missing.
    func string(_ name: String, upTo limit: Int = 200) throws(Problem) -> String? {
        guard let text = self.parameters[name] else { return nil }
        guard text.unicodeScalars.count <= limit else { throw self.refuse(name, "must have at most \(limit) characters") }
        guard !text.utf8.contains(0) else { throw self.refuse(name, "must not contain the character NUL") }
        return text
    }

    /// An integer; `16.0` counts as one, as in a body.
    func int(_ name: String, _ range: ClosedRange<Int64>) throws(Problem) -> Int64? {
        guard let text = self.parameters[name] else { return nil }
        guard let number = Int64(whole: text), range.contains(number) else {
            throw self.refuse(name, "must be an integer between \(range.lowerBound) and \(range.upperBound)")
        }
        return number
    }

    /// `true` or `false`.
    func bool(_ name: String) throws(Problem) -> Bool? {
        guard let text = self.parameters[name] else { return nil }
        switch text {
        case "true": return true
        case "false": return false
        default: throw self.refuse(name, "must be true or false")
        }
    }

    /// A UUID.
    func id(_ name: String) throws(Problem) -> ID? {
        guard let text = self.parameters[name] else { return nil }
        guard let id = ID(text) else { throw self.refuse(name, "must be a UUID") }
        return id
    }

    /// One of several words.
    func oneOf(_ name: String, _ words: [String]) throws(Problem) -> String? {
        guard let text = self.parameters[name] else { return nil }
        guard words.contains(text) else { throw self.refuse(name, "must be one of \(words.joined(separator: ", "))") }
        return text
    }

    /// `limit`: the number of items per page.
    func limit() throws(Problem) -> Int { Int(try self.int("limit", 1...100) ?? 20) }

    /// `cursor`: where the page begins.
    /// - Throws: `Problem` `bad_cursor`.
    func cursor() throws(Problem) -> Cursor? {
        guard let text = self.parameters["cursor"] else { return nil }
        guard let cursor = Cursor(text) else { throw Problem(.badCursor, "The cursor is not valid; use next_cursor of the previous page.") }
        return cursor
    }
}
