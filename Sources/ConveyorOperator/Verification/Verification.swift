public import Conveyor
public import Postgres

/// An application's additions to `verify`.
public struct Verification: Sendable {
    /// The help text: the checks, in one sentence.
    public var abstract = "Check that no message is lost (reconciliation)."
    /// The longer help text: the equation of the application's books.
    public var discussion: String?
    /// The application's books, in the order of the report.
    public var books: [any Book.Type] = []
    /// The actors of messages, as far as the application stores them; `system` is the actor of the others when they are published again.
    public var actors: @Sendable (_ messages: [ID], PostgresPool) async throws -> [ID: String] = { _, _ in [:] }

    /// No additions.
    public init() {}
}

/// A balance that an application keeps beside the messages' own, e.g. of stock or money. One other than 0 means a loss or a duplicate.
///
///     struct ThumbnailBook: Book {
///         static let name = "thumbnails", title = "Thumbnails"
///         var made = 0, ordered = 0
///         var balance: Int { self.ordered - self.made }
///         var figures: [(name: String, number: Int)] { [("ordered", self.ordered), ("made", self.made)] }
///
///         static func read(beside messages: MessageBook, in transaction: Transaction) async throws -> ThumbnailBook {
///             let row = try await transaction.query("select (select count(*) from thumbnails), (select count(*) from pictures)")[0]
///             return ThumbnailBook(made: try row[0], ordered: try row[1])
///         }
///     }
public protocol Book: Sendable, Encodable {
    /// Its member in the JSON of `verify`.
    static var name: String { get }
    /// Its title.
    static var title: String { get }
    /// 0 if nothing is missing.
    var balance: Int { get }
    /// The terms of the balance.
    var figures: [(name: String, number: Int)] { get }
    /// Lines about what is missing.
    var remarks: [String] { get }
    /// Reads it, in the snapshot in which the messages were counted.
    /// - Parameter messages: the messages; see ``MessageBook/transit(to:)`` for those on their way.
    static func read(beside messages: MessageBook, in transaction: Transaction) async throws -> Self
}

extension Book {
    /// None.
    public var remarks: [String] { [] }
}
