import Conveyor
public import HTTPTypes
public import Hummingbird
import Markup
import NIOCore

/// Renders a page: its content by its template, in the common frame.
public struct Renderer: Sendable {
    private let templates: Templates
    private let assets: Assets
    /// Whether the console itself serves TLS.
    let isTLS: Bool
    /// Open dead letters, as far as known.
    private let openDeadLetters: @Sendable () -> Int?

    private let sections: [ConsoleExtension.Section]
    private let searchHint: String

    init(application: OperatorApplication, assets: Assets, isTLS: Bool, openDeadLetters: @escaping @Sendable () -> Int?) throws {
        self.templates = try ConsoleTemplates.all(application.console.templates)
        self.sections =
            [
                .init(path: "/", name: "Overview"), .init(path: "/dead", name: "Dead letters"), .init(path: "/jobs", name: "Replays"),
                .init(path: "/running", name: "Work"), .init(path: "/types", name: "Types"), .init(path: "/schedules", name: "Schedules"),
            ] + application.console.sections + [.init(path: "/audit", name: "Audit"), .init(path: "/people", name: "People", act: .managePeople)]
        self.searchHint = application.search.hint
        self.assets = assets
        self.isTLS = isTLS
        self.openDeadLetters = openDeadLetters
    }

    /// The page as an HTTP answer.
    /// - Parameters:
    ///   - section: the path of its section.
    ///   - notice: the result of the last action.
    public func respond(
        _ template: String, title: String, section: String? = nil, notice: String? = nil, search: String = "", _ content: some Sendable,
        context: ConsoleContext, status: HTTPResponse.Status = .ok
    ) throws -> Response {
        let page = Page(
            title: title, stylesheet: self.assets.stylesheet.url, script: self.assets.script.url, icon: self.assets.icon.url,
            version: ConveyorVersion.current, signedIn: context.session.map { self.signedIn($0, section: section) }, search: search,
            searchHint: self.searchHint, notice: notice,
            content: content)
        guard let html = self.templates.render(page, in: template) else { preconditionFailure("no template \(template)") }
        return Response(
            status: status, headers: [.contentType: "text/html; charset=utf-8"], body: .init(byteBuffer: ByteBuffer(string: html)))
    }

    private func signedIn<Content>(_ session: Session, section: String?) -> Page<Content>.SignedIn {
        let open = self.openDeadLetters() ?? 0
        return .init(
            name: session.actor.name, role: session.actor.role.rawValue, formToken: session.formToken,
            links: self.sections.filter { $0.act.map(session.actor.may) ?? true }.map { entry in
                .init(
                    path: entry.path, name: entry.name, isHere: entry.path == section,
                    count: entry.path == "/dead" && open > 0 ? Quantity.count(open) : nil)
            })
    }
}
