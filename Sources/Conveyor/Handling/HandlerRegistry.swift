public import Postgres

/// The handlers of a worker by message type: the only place that erases types.
public struct HandlerRegistry: Sendable {
    private(set) var handlers: [String: AnyHandler] = [:]
    private var middleware: [any Middleware] = []

    /// A registry without handlers.
    public init() {}

    /// A registry with these handlers.
    public init(_ handlers: [any Handler]) {
        for handler in handlers { self.register(handler) }
    }

    /// Adds a handler. Two handlers for one type are a programming error, which the worker reports at its start.
    public mutating func register<H: Handler>(_ handler: H) {
        precondition(self.handlers[H.Input.type] == nil, "two handlers for \(H.Input.type)")
        self.handlers[H.Input.type] = AnyHandler(handler)
    }

    /// Runs middleware around every handler, including those registered later. The first one is the outermost.
    public mutating func use(_ middleware: any Middleware) { self.middleware.append(middleware) }

    /// The handlers with the middleware around them.
    package func composed() -> HandlerRegistry {
        var registry = self
        registry.handlers = self.handlers.mapValues { handler in self.middleware.reversed().reduce(handler) { $0.within($1) } }
        registry.middleware = []
        return registry
    }

    package subscript(type: String) -> AnyHandler? { self.handlers[type] }

    /// Adds a handler as a closure, which gets one message at a time.
    /// - Parameters:
    ///   - policy: the limits and attempts of its messages.
    ///   - body: writes the effects of the message in the transaction; throws what a ``Handler`` may throw.
    public mutating func on<Input: Message>(
        _ type: Input.Type, policy: Policy = Policy(),
        _ body: @escaping @Sendable (_ message: Received<Input, Void>, _ transaction: Transaction) async throws -> Reply
    ) {
        self.register(ClosureHandler(policy: policy, body: body))
    }

    /// The types of handled events, in alphabetical order, to which the queue must be bound besides its commands.
    public var events: [String] { self.handlers.values.filter { $0.exchange == "events" }.map(\.type).sorted() }

    /// The handled types, in alphabetical order.
    public var types: [String] { self.handlers.keys.sorted() }
}

/// A message that was decoded and not yet handled.
package struct Decoded: Sendable {
    package var envelope: Envelope
    var payload: any Message
}

/// A message that was decoded and prepared.
package struct Ready: Sendable {
    package var decoded: Decoded
    var prepared: any Sendable

    package init(decoded: Decoded, prepared: any Sendable) {
        self.decoded = decoded
        self.prepared = prepared
    }
}

/// A handler with its types erased.
package struct AnyHandler: Sendable {
    package let type: String
    let exchange: String
    package let policy: Policy
    /// False if there is nothing to prepare, so that no task is created.
    package let prepares: Bool
    package let decode: @Sendable (_ body: [UInt8], Envelope) throws(Poison) -> Decoded
    package let prepare: @Sendable (Decoded) async throws -> Ready
    package let handle: @Sendable ([Ready], Transaction) async throws -> [Reply]
}

extension AnyHandler {
    init<H: Handler>(_ handler: H) {
        self.type = H.Input.type
        self.exchange = H.Input.exchange
        self.policy = handler.policy
        self.prepares = H.Prepared.self != Void.self
        self.decode = { body, envelope throws(Poison) in
            guard envelope.schema <= H.Input.schema else {
                throw Poison(.undecodable, "schema \(envelope.schema) of \(H.Input.type) is newer than \(H.Input.schema), the newest known here")
            }
            do {
                return Decoded(envelope: envelope, payload: try H.Input.decoded(from: body))
            } catch {
                throw Poison(.undecodable, "not the JSON of \(H.Input.type): \(JSON.explain(error))")
            }
        }
        self.prepare = { decoded in
            guard let payload = decoded.payload as? H.Input else { preconditionFailure("\(H.Input.type) was decoded by its own handler") }
            try payload.checkFields()
            return Ready(decoded: decoded, prepared: try await handler.prepare(payload, decoded.envelope))
        }
        self.handle = { ready, transaction in
            let batch = ready.map { item in
                guard let payload = item.decoded.payload as? H.Input, let prepared = item.prepared as? H.Prepared else {
                    preconditionFailure("\(H.Input.type) was prepared by its own handler")
                }
                return Received(payload: payload, envelope: item.decoded.envelope, prepared: prepared)
            }
            // Then the messages of a batch are handled one by one, and only the wrong one is refused.
            for message in batch { try message.payload.checkFields() }
            let replies = try await handler.handle(batch, in: transaction)
            guard replies.count == batch.count else {
                throw Poison(.bug, "\(H.Input.type): \(replies.count) replies to \(batch.count) messages")
            }
            return replies
        }
    }
}

extension Message {
    /// - Throws: `Problem` `invalid` or `Poison` `invalid_payload`, if a field violates its rule.
    fileprivate func checkFields() throws {
        var fields = FieldCheck()
        self.check(&fields)
        guard !fields.findings.isEmpty else { return }
        if let finding = fields.findings.first(where: { $0.consequence == .deadLetter }) { throw Poison(.invalidPayload, finding.description) }
        throw Problem(.invalid, "The request has fields that are not valid.", errors: fields.findings.map(\.error))
    }
}
