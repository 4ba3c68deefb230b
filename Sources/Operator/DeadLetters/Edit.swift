import Kit
import Shop

/// Another payload for a dead letter's message, which is one of its type, and what is different about it.
struct Edit: Sendable {
    /// As it was given.
    let payload: [UInt8]
    /// The version of the payload.
    let schema: Int
    let patch: JSONPatch

    /// - Throws: `DeadLetterActs.Refusal.invalid` if the payload is not the JSON of the message's type.
    init(of detail: DeadLetterDetail, payload: [UInt8]) throws(DeadLetterActs.Refusal) {
        guard let type = MessageCatalogue[detail.letter.type] else {
            throw .invalid("`\(detail.letter.type)` is no type of message: there is nothing that an edited one could be checked by")
        }
        do {
            self.schema = try JSON.decode(type, from: payload).version
        } catch {
            throw .invalid("not the JSON of \(type.type): \(JSON.explain(error))")
        }
        let old = try? JSON.decode(JSONValue.self, from: detail.payload)
        guard let new = try? JSON.decode(JSONValue.self, from: payload) else { throw .invalid("not JSON") }
        self.payload = payload
        self.patch = JSONPatch(from: old, to: new)
    }
}
