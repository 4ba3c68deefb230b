import Conveyor
import HTTPTypes
import Hummingbird
import Markup
import NIOCore

/// Renders a page: its content by its template, in the common frame.
struct Renderer: Sendable {
    private let templates: Templates
    private let assets: Assets
    /// Whether the console itself serves TLS.
    let isTLS: Bool
    /// Open dead letters, as far as known.
    private let openDeadLetters: @Sendable () -> Int?

    private static let sections = [
        (path: "/", name: "Overview", act: Act?.none), (path: "/dead", name: "Dead letters", act: nil), (path: "/jobs", name: "Replays", act: nil),
        (path: "/running", name: "Work", act: nil), (path: "/types", name: "Types", act: nil), (path: "/schedules", name: "Schedules", act: nil),
        (path: "/webhooks", name: "Webhooks", act: nil),
        (path: "/audit", name: "Audit", act: nil), (path: "/people", name: "People", act: .managePeople),
    ]

    init(assets: Assets, isTLS: Bool, openDeadLetters: @escaping @Sendable () -> Int?) throws {
        self.templates = try ConsoleTemplates.all()
        self.assets = assets
        self.isTLS = isTLS
        self.openDeadLetters = openDeadLetters
    }

    /// The page as an HTTP answer.
    /// - Parameters:
    ///   - section: the path of its section.
    ///   - notice: the result of the last action.
    func respond(
        _ template: String, title: String, section: String? = nil, notice: String? = nil, search: String = "", _ content: some Sendable,
        context: ConsoleContext, status: HTTPResponse.Status = .ok
    ) throws -> Response {
        let page = Page(
            title: title, stylesheet: self.assets.stylesheet.url, script: self.assets.script.url, icon: self.assets.icon.url,
            version: ConveyorVersion.current, signedIn: context.session.map { self.signedIn($0, section: section) }, search: search, notice: notice,
            content: content)
        guard let html = self.templates.render(page, in: template) else { preconditionFailure("no template \(template)") }
        return Response(
            status: status, headers: [.contentType: "text/html; charset=utf-8"], body: .init(byteBuffer: ByteBuffer(string: html)))
    }

    private func signedIn<Content>(_ session: Session, section: String?) -> Page<Content>.SignedIn {
        let open = self.openDeadLetters() ?? 0
        return .init(
            name: session.actor.name, role: session.actor.role.rawValue, formToken: session.formToken,
            links: Self.sections.filter { $0.act.map(session.actor.may) ?? true }.map { path, name, _ in
                .init(path: path, name: name, isHere: path == section, count: path == "/dead" && open > 0 ? Quantity.count(open) : nil)
            })
    }
}
