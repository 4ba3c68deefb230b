extension Ledger {
    /// Stripe keeps events for 30 days.
    static let eventLifetime = 30 * 24 * 3600

    /// Stores an event with the object's present state; it goes to the webhook after the turn.
    ///
    /// - Parameter previous: the object before the change.
    @discardableResult
    func emit(_ type: String, _ object: JSON, previous: JSON? = nil) -> Event {
        var data: [JSON.Member] = [JSON.Member(name: "object", value: object)]
        if let previous, previous != .object([]) { data.append(JSON.Member(name: "previous_attributes", value: previous)) }
        let event = Event(
            id: Identifier.make("evt"), serial: self.nextSerial(), created: self.now, type: type, data: JSON.object(data).text,
            subject: Self.subject(of: object),
            requestID: self.caller?.requestID, idempotencyKey: self.caller?.idempotencyKey, isPending: self.hasWebhook)
        self.put(event, isNew: true)
        self.events.drop(createdBefore: self.now - Self.eventLifetime)
        return event
    }

    private static func subject(of object: JSON) -> String {
        if case .string(let id)? = object["payment_intent"] { return id }
        if case .string(let id)? = object["id"] { return id }
        return ""
    }

    func emit(_ type: String, _ intent: PaymentIntent) { self.emit(type, self.json(intent)) }
    func emit(_ type: String, _ charge: Charge) { self.emit(type, self.json(charge)) }

    func retrieveEvent(_ id: String, _ parameters: inout Parameters) throws(StripeError) -> JSON {
        _ = try parameters.expansion(of: .event)
        try parameters.refuseUnknown()
        guard let event = self.events[id] else { throw .noSuch("event", id) }
        return event.json
    }

    /// Filters: `types[]` (at most 20), or `type` with `*`; `delivery_success` is true for accepted events, false for pending and failed ones.
    func listEvents(_ parameters: inout Parameters) throws(StripeError) -> JSON {
        let type = try parameters.text("type")
        let types = try parameters.list("types")
        let deliverySuccess = try parameters.boolean("delivery_success")
        let page = try Page(&parameters, of: .event)
        if type != nil && !types.isEmpty { throw .badRequest("You may specify either `type` or `types`, but not both.", param: "types") }
        if types.count > 20 { throw .badRequest("You may specify at most 20 `types`.", param: "types") }
        let pattern = type.map(Pattern.init)
        let wanted = Set(types)
        // Pending events are few and queried often, so they have an index.
        let pending = self.pendingEvents.compactMap { self.events[$0] }.sorted { $0.serial < $1.serial }.map(\.id)
        let ids = deliverySuccess == false ? pending : nil
        return try page.list(self.events, ids: ids, url: "/v1/events", named: "event") { event in
            (pattern?.matches(event.type) ?? true) && (wanted.isEmpty || wanted.contains(event.type))
                && (deliverySuccess.map { $0 == !event.isPending } ?? true)
        } render: {
            $0.json
        }
    }

    /// The event to send; nil if it was dropped.
    func eventToDeliver(_ id: String) -> Event? { self.events[id] }

    /// Records the result of an attempt to deliver it.
    func noteDelivery(of id: String, succeeded: Bool) async throws {
        try await self.turn(by: nil) { ledger in
            guard var event = ledger.events[id], event.isPending else { return }
            event.attempts += 1
            if succeeded { event.isPending = false }
            ledger.put(event, isNew: false)
        }
    }
}
