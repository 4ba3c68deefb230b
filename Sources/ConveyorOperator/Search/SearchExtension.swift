public import Postgres

/// An application's additions to the search.
public struct SearchExtension: Sendable {
    /// The help text: the things that can be found, in one sentence.
    public var abstract = "Find messages."
    /// The texts that can be searched for, in one sentence.
    public var discussion = "Takes the id of a message or of a dead letter."
    /// The text in the console's empty search field. (The template `search_help` explains more.)
    public var hint = "id, queue or text"
    /// The kind of a text that is traced and no match of the application.
    public var traceKind: @Sendable (_ text: String) -> String = { _ in "message" }
    /// The application's own matches of a text, most likely first.
    public var hits: @Sendable (_ text: String, PostgresPool) async throws -> [SearchHit] = { _, _ in [] }

    /// No additions.
    public init() {}
}

/// A match of a search.
public struct SearchHit: Sendable, Encodable {
    /// The console's page for a match.
    public enum Page: Sendable, Equatable {
        /// Nowhere.
        case none
        /// On the page of a trace.
        case trace
        /// On a page of its own.
        case path(String)
    }

    /// Its kind, e.g. `order`.
    public var kind: String
    /// The text with which the command line and the console find it again.
    public var id: String
    /// Its name.
    public var title: String
    /// More about it.
    public var detail: String
    /// The console's page for it.
    public var page: Page

    /// A match of a search.
    public init(kind: String, id: String, title: String, detail: String, page: Page) {
        self.kind = kind
        self.id = id
        self.title = title
        self.detail = detail
        self.page = page
    }

    /// The path of its page.
    var path: String? {
        switch self.page {
        case .none: nil
        case .trace: "/trace/" + Form.escaped(self.id)
        case .path(let path): path
        }
    }

    private enum CodingKeys: CodingKey { case kind, id, title, detail }
}
