import Postgres

/// The handlers of a worker by message type: the only place where types are erased.
public struct HandlerRegistry: Sendable {
    private(set) var handlers: [String: AnyHandler] = [:]

    /// A registry without handlers.
    public init() {}

    /// A registry of these handlers.
    public init(_ handlers: [any Handler]) {
        for handler in handlers { self.register(handler) }
    }

    /// Adds a handler. Two for one type are a mistake of the worker's author, found at its start.
    public mutating func register<H: Handler>(_ handler: H) {
        precondition(self.handlers[H.Input.type] == nil, "two handlers for \(H.Input.type)")
        self.handlers[H.Input.type] = AnyHandler(handler)
    }

    subscript(type: String) -> AnyHandler? { self.handlers[type] }

    /// The types that are handled, in alphabetical order.
    public var types: [String] { self.handlers.keys.sorted() }
}

/// A message that was decoded and not yet handled.
struct Decoded: Sendable {
    var envelope: Envelope
    var payload: any Message
}

/// A message that was decoded and prepared.
struct Ready: Sendable {
    var decoded: Decoded
    var prepared: any Sendable
}

/// A handler whose types only it knows.
struct AnyHandler: Sendable {
    let policy: Policy
    /// False if there is nothing to prepare, so that no task is made for it.
    let prepares: Bool
    let decode: @Sendable (_ body: [UInt8], Envelope) throws(Poison) -> Decoded
    let prepare: @Sendable (Decoded) async throws -> Ready
    let handle: @Sendable ([Ready], Transaction) async throws -> [Reply]

    init<H: Handler>(_ handler: H) {
        self.policy = handler.policy
        self.prepares = H.Prepared.self != Void.self
        self.decode = { body, envelope throws(Poison) in
            guard envelope.schema <= H.Input.schema else {
                throw Poison(.undecodable, "schema \(envelope.schema) of \(H.Input.type) is newer than \(H.Input.schema), the newest known here")
            }
            do {
                return Decoded(envelope: envelope, payload: try JSON.decode(H.Input.self, from: body))
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
            // Those of a batch are handled one by one then, and only the one that is wrong is refused.
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
    /// - Throws: `Problem` `invalid` or `Poison` `invalid_payload`, if a field breaks its rule.
    fileprivate func checkFields() throws {
        var fields = FieldCheck()
        self.check(&fields)
        guard !fields.findings.isEmpty else { return }
        if let finding = fields.findings.first(where: { $0.consequence == .deadLetter }) { throw Poison(.invalidPayload, finding.description) }
        throw Problem(.invalid, "The request has fields that are not valid.", errors: fields.findings.map(\.error))
    }
}
