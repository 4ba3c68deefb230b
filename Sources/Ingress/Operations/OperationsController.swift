import Conveyor
import Hummingbird
import Shop

/// `GET /operations/{id}`
struct OperationsController: Sendable {
    let operations: OperationReader
    let authenticator: Authenticator

    func add(to routes: inout Routes) { routes.api(.get, "/operations/{id}", self.get) }

    private static let notFound = Problem(.notFound, "There is no such operation.")

    @Sendable private func get(_ request: Request, _ context: IngressContext) async throws -> Response {
        let text = context.parameter("id")
        guard let operation = OperationID(text, keys: self.operations.keys) else { throw Self.notFound }
        // The operation of an anonymous write is readable with its id.
        if let actor = operation.actor {
            let user = try await self.authenticator.user(request)
            guard user.id == actor || user.isSuperuser else { throw Self.notFound }
        }
        let preference = Preference(request)
        let asked = try Query(request).int("wait", 0...86_400).map { min(Int($0), Preference.limit) }
        let seconds = asked ?? preference?.seconds ?? 0
        let place = seconds > 0 ? self.operations.admit(.init(operation.actor, context)) : nil
        guard seconds == 0 || place != nil else { throw Refusal.tooMany("Too many requests wait already", wait: .seconds(1)) }
        let waiting = self.operations.feed.listen(to: operation.messageID)
        context.channel.onceClientLeaves { waiting.leave() }
        defer {
            waiting.cancel()
            context.channel.onceClientLeaves(nil)
        }
        let state = try await self.operations.wait(for: operation, upTo: .seconds(seconds), waiting, mayHaveEnded: true)
        withExtendedLifetime(place) {}
        var response = try Response.json(OperationBody(operation, id: text, state), headers: [.vary: "Authorization, Prefer"])
        if asked == nil { response.headers[.preferenceApplied] = preference?.applied }
        return response
    }
}
