import Conveyor

/// A new payload of the same type for a dead letter's message, with the differences.
struct Edit: Sendable {
    /// Unchanged, as given.
    let payload: [UInt8]
    /// The version of the payload.
    let schema: Int
    let patch: JSONPatch

    /// - Throws: `DeadLetterActs.Refusal.invalid` if the payload does not decode as its type, or a field violates its rule.
    init(of detail: DeadLetterDetail, payload: [UInt8], by application: OperatorApplication) throws(DeadLetterActs.Refusal) {
        guard let type = application.message(detail.letter.type) else {
            throw .invalid("`\(detail.letter.type)` is not a message type: there is nothing that an edited one could be checked by")
        }
        let message: any Message
        do {
            message = try JSON.decode(type, from: payload)
        } catch {
            throw .invalid("not the JSON of \(detail.letter.type): \(JSON.explain(error))")
        }
        var fields = FieldCheck()
        message.check(&fields)
        if let finding = fields.findings.first { throw .invalid(finding.description) }
        self.schema = message.version
        let old = try? JSON.decode(JSONValue.self, from: detail.payload)
        guard let new = try? JSON.decode(JSONValue.self, from: payload) else { throw .invalid("not JSON") }
        self.payload = payload
        self.patch = JSONPatch(from: old, to: new)
    }
}
