import Conveyor
public import Hummingbird
public import Postgres
public import RabbitMQ

/// The pages that an application adds to the console.
///
///     application.console.sections = [.init(path: "/thumbnails", name: "Thumbnails")]
///     application.console.pages = { console, router in
///         router.get("/thumbnails") { request, context in
///             var listing = Listing(title: "Thumbnails")
///             listing.columns = [.init(title: "Picture")]
///             for row in try await console.pool.query("select picture from thumbnails") { listing.add([.text(try row[0])]) }
///             return try console.renderer.respond("listing", title: "Thumbnails", section: "/thumbnails", listing, context: context)
///         }
///     }
///
/// Every page is behind the sign-in, and every form is checked before a page gets it.
public struct ConsoleExtension: Sendable {
    /// A link in the console's navigation.
    public struct Section: Sendable {
        /// The path of the page.
        public var path: String
        /// Its name.
        public var name: String
        /// The act that a person needs to see the link; nil if all see it.
        public var act: Act?

        /// A link in the console's navigation.
        public init(path: String, name: String, act: Act? = nil) {
            self.path = path
            self.name = name
            self.act = act
        }
    }

    /// Links to pages, in the order of the navigation.
    public var sections: [Section] = []
    /// Mustache templates by name, in HTML. One with the name of a template of the console replaces that one.
    public var templates: [String: String] = [:]
    /// Adds the pages' routes.
    public var pages: @Sendable (ConsoleParts, Router<ConsoleContext>) -> Void = { _, _ in }

    /// No pages.
    public init() {}
}

/// The values that pages are made with.
public struct ConsoleParts: Sendable {
    /// The application.
    public let application: OperatorApplication
    /// The database.
    public let pool: PostgresPool
    /// A publisher.
    public let publisher: Publisher
    /// Renders pages.
    public let renderer: Renderer
}
