import Conveyor
import HTTPTypes
import Hummingbird
import NIOCore
import Postgres
import RabbitMQ

/// `/dead/{id}`: one dead letter with all its data, and the possible actions.
struct DeadLetterPage: Sendable {
    let deadLetters: DeadLetterStore
    let publisher: Publisher
    let traces: TraceStore
    let renderer: Renderer

    func add(to router: Router<ConsoleContext>) {
        router.get("/dead/:id", use: self.show)
        router.get("/dead/:id/payload", use: self.download)
        router.post("/dead/:id/replay", use: self.replay)
        router.post("/dead/:id/discard", use: self.discard)
    }

    @Sendable func show(_ request: Request, context: ConsoleContext) async throws -> Response {
        let notice = request.fields["notice"].flatMap { Notice(rawValue: $0)?.text }
        return try await self.page(try self.id(context), context, whole: request.fields["full"] != nil, notice: notice)
    }

    /// The payload's bytes, as a file that browsers neither show nor run.
    @Sendable func download(_ request: Request, context: ConsoleContext) async throws -> Response {
        _ = try context.actor(for: .seePayloads)
        let id = try self.id(context)
        guard let detail = try await self.deadLetters.find(id) else { throw Self.unknown(id) }
        return Response(
            status: .ok,
            headers: [.contentType: "application/octet-stream", .contentDisposition: "attachment; filename=\"\(detail.letter.id).json\""],
            body: .init(byteBuffer: ByteBuffer(bytes: detail.payload)))
    }

    // MARK: Actions

    @Sendable func replay(_ request: Request, context: ConsoleContext) async throws -> Response {
        let acts = try self.acts(for: .replay, context)
        let id = try self.id(context)
        // A text area sends CRLF for each line break.
        let edited = context.form["payload"].map { $0.replacing("\r\n", with: "\n") }
        do {
            guard let edited, let letter = try await self.deadLetters.find(id), !PrettyJSON.isSame(Array(edited.utf8), letter.payload) else {
                try await acts.replay(id)
                return .redirect(to: "/dead/\(id)?notice=\(Notice.replayed.rawValue)")
            }
            try await acts.replay(id, editedTo: Array(edited.utf8))
            return .redirect(to: "/dead/\(id)?notice=\(Notice.edited.rawValue)")
        } catch let refusal as DeadLetterActs.Refusal {
            return try await self.refused(refusal, id, context, edited: edited)
        }
    }

    @Sendable func discard(_ request: Request, context: ConsoleContext) async throws -> Response {
        let acts = try self.acts(for: .discard, context)
        let id = try self.id(context)
        guard let letter = try await self.deadLetters.find(id)?.letter else { throw Self.unknown(id) }
        guard let reason = context.form.text("reason") else {
            return try await self.page(id, context, status: .unprocessableContent, problem: "Give a reason; it is kept in the history.")
        }
        guard try await !acts.discard([letter.id], reason: String(reason.prefix(1000))).isEmpty else {
            return try await self.page(
                id, context, status: .conflict, problem: "Only an open dead letter can be discarded; this one is \(letter.status.rawValue).")
        }
        return .redirect(to: "/dead/\(letter.id)?notice=\(Notice.discarded.rawValue)")
    }

    private func refused(_ refusal: DeadLetterActs.Refusal, _ id: ID, _ context: ConsoleContext, edited: String?) async throws -> Response {
        let status: HTTPResponse.Status =
            switch refusal {
            case .unknown: throw Self.unknown(id)
            case .invalid: .unprocessableContent
            case .notPublished: .serviceUnavailable
            case .closed, .replaced, .applied, .forgotten: .conflict
            }
        return try await self.page(id, context, status: status, problem: "Nothing was sent: \(refusal).".visible, edited: edited)
    }

    private func acts(for act: Act, _ context: ConsoleContext) throws -> DeadLetterActs {
        DeadLetterActs(
            application: self.deadLetters.application, pool: self.deadLetters.pool, publisher: self.publisher, actor: try context.actor(for: act))
    }

    // MARK: Page

    private func id(_ context: ConsoleContext) throws -> ID {
        let text = try context.parameters.require("id")
        guard let id = ID(text) else { throw PageError(.notFound, "There is no dead letter \(text.visible.shortened(to: 100)).") }
        return id
    }

    private static func unknown(_ id: ID) -> PageError { PageError(.notFound, "There is no dead letter \(id).") }

    /// - Parameters:
    ///   - problem: why the action failed.
    ///   - edited: the refused payload, which the form keeps.
    private func page(
        _ id: ID, _ context: ConsoleContext, status: HTTPResponse.Status = .ok, whole: Bool = false, notice: String? = nil,
        problem: String? = nil, edited: String? = nil
    ) async throws -> Response {
        guard var detail = try await self.deadLetters.find(id) else { throw Self.unknown(id) }
        var history = try await self.deadLetters.history(of: detail.letter.id)
        if !context.may(.seePayloads) { (detail, history) = (detail.withoutPayload, history.map(\.withoutPayload)) }
        let letter = detail.letter
        async let attempts = self.deadLetters.attempts(of: letter)
        let siblings =
            letter.replacedBy != nil && context.may(.replay)
            ? try await self.deadLetters.count(DeadLetterFilter(group: letter.group, status: .open)) : 0
        let trace = try await self.traces.find(detail.letter.messageID.description)
        let content = DeadLetterContent(
            detail, mayAct: context.may(.replay), history: history, siblings: siblings, attempts: try await attempts, trace: trace, whole: whole,
            problem: problem,
            edited: edited,
            now: Clock.milliseconds())
        return try self.renderer.respond(
            "dead_letter", title: "\(detail.letter.type.visible.shortened(to: 60)) in \(detail.letter.queue)", section: "/dead", notice: notice,
            content, context: context, status: status)
    }
}
