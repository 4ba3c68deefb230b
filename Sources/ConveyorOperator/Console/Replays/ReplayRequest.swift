import Conveyor
import HTTPTypes

/// The fields of a bulk form: which dead letters, and at what rate.
struct ReplayRequest: Sendable {
    let ids: [ID]
    let group: String?
    let queue: String?
    /// Messages per second; nil: as fast as they are confirmed.
    let rate: Double?
    let canary: Int

    static let greatestRate = 100_000.0

    /// - Parameter queues: the existing queues.
    /// - Throws: `PageError` with an explanation for the operator.
    init(_ form: Form, queues: [String]) throws(PageError) {
        // Ticked boxes, or one field with commas.
        let words = form.all("ids").flatMap { $0.split(whereSeparator: { $0 == "," || $0.isWhitespace }) }
        var ids: [ID] = []
        for word in words {
            guard let id = ID(String(word)) else { throw PageError(.notFound, "There is no dead letter \(String(word).visible.shortened(to: 100)).") }
            ids.append(id)
        }
        self.ids = ids
        self.group = form.text("group")
        self.queue = form.text("queue")
        if let queue, !queues.contains(queue) { throw PageError(.notFound, "There is no queue \(queue.visible.shortened(to: 100)).") }
        guard !ids.isEmpty || self.group != nil || self.queue != nil else {
            throw PageError(.unprocessableContent, "Select at least one dead letter.")
        }
        if let text = form.text("rate") {
            guard let rate = Double(text.hasSuffix("/s") ? String(text.dropLast(2)) : text), rate > 0, rate <= Self.greatestRate else {
                throw PageError(.unprocessableContent, "A rate is a number of messages a second, such as 50.")
            }
            self.rate = rate
        } else {
            self.rate = nil
        }
        guard let canary = Int(form.text("canary") ?? "0"), 0...1_000_000 ~= canary else {
            throw PageError(.unprocessableContent, "A canary is a number of messages, such as 1; 0 is none.")
        }
        self.canary = canary
    }

    /// The open dead letters of the queue and the group.
    var filter: DeadLetterFilter { DeadLetterFilter(queue: self.queue, group: self.group, status: .open) }

    /// The request as a job stores it.
    var selection: ReplayJob.Selection {
        .init(
            filter: self.queue == nil && self.group == nil ? nil : DeadLetterFilter(queue: self.queue, group: self.group),
            ids: self.ids.isEmpty ? nil : self.ids.count)
    }

    /// In words.
    var subject: String {
        if let group { return "of cause \(group.visible)" }
        if let queue, self.ids.isEmpty { return "of \(queue)" }
        return "that you selected"
    }
}
