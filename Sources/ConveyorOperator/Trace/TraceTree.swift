import Conveyor
import FoundationEssentials

/// Builds trees of messages from rows in any order.
struct TraceTree {
    /// A row of the inbox.
    struct Handled {
        var queue: String
        /// When its transaction began.
        var handledAt: Date
        var microseconds: Int
        var attempt: Int
        var decides: Bool
        var outcome: String
        /// The reason of the rejection.
        var problem: String?

        var end: Date { self.handledAt.addingTimeInterval(Double(self.microseconds) / 1_000_000) }
    }

    /// A failed attempt.
    struct Attempt {
        var at: Date
        var nextAt: Date?
        var number: Int
        var queue: String
        var errorType: String
        var error: String
    }

    /// An external call.
    struct Outside {
        var at: Date
        var microseconds: Int
        var kind: TraceExtension.CallKind
        var name: String
        var outcome: String
    }

    private struct Message {
        var id: ID
        var type: String
        var chain: ID
        var sentAt: Date
        var subject: Subject?
        /// Its cause, and the queue whose worker published it.
        var parent: ID?
        var publisher: String?
        var handled: [Handled] = []
        var attempts: [Attempt] = []
        var calls: [Outside] = []
        var letters: [DeadLetter] = []
    }

    private let application: OperatorApplication
    private let subject: Subject?
    private let queues: [String: [String]]
    private let now: Date
    private var messages: [ID: Message] = [:]
    /// In the order of the rows.
    private var order: [ID] = []

    /// - Parameters:
    ///   - application: the application of the messages.
    ///   - subject: the subject of everything, if there is one.
    init(of application: OperatorApplication, subject: Subject?, now: Date = Date()) {
        self.application = application
        self.subject = subject
        self.queues = application.queuesByType
        self.now = now
    }

    private mutating func update(_ id: ID, _ type: String, _ chain: ID, sentAt: Date, _ change: (inout Message) -> Void) {
        if self.messages[id] == nil { self.order.append(id) }
        change(&self.messages[id, default: Message(id: id, type: type, chain: chain, sentAt: sentAt)])
    }

    mutating func add(_ handled: Handled, of id: ID, type: String, causedBy parent: ID?, in chain: ID, sentAt: Date) {
        // An old row may contain any time that a message stated, also `-infinity`.
        let isCredible = Envelope.time(Clock.milliseconds(sentAt), at: Clock.milliseconds(self.now)) != nil
        let sentAt = isCredible ? sentAt : handled.handledAt
        self.update(id, type, chain, sentAt: sentAt) { message in
            message.handled.append(handled)
            message.parent = message.parent ?? parent
            message.sentAt = sentAt
        }
    }

    /// A handled message has emitted this one.
    mutating func expect(_ id: ID, type: String, from parent: ID, _ publisher: String, in chain: ID, at: Date, subject: Subject?) {
        self.update(id, type, chain, sentAt: at) { message in
            message.parent = parent
            message.publisher = publisher
            message.subject = subject
        }
    }

    mutating func add(_ attempt: Attempt, of id: ID, type: String, in chain: ID) {
        self.update(id, type, chain, sentAt: attempt.at) { $0.attempts.append(attempt) }
    }

    mutating func add(_ call: Outside, of id: ID) { self.messages[id]?.calls.append(call) }

    mutating func add(_ letter: DeadLetter, causedBy parent: ID?, sentAt: Date?) {
        let chain = letter.correlationID ?? letter.messageID
        self.update(letter.messageID, letter.type, chain, sentAt: sentAt ?? letter.firstFailedAt) { message in
            message.letters.append(letter)
            message.sentAt = min(message.sentAt, sentAt ?? message.sentAt)
            message.parent = message.parent ?? parent
            message.subject = message.subject ?? letter.subject
        }
        // The edited message that replaced it, also before a worker has handled it.
        if let replacement = letter.replacedBy {
            self.update(replacement, letter.type, chain, sentAt: letter.lastFailedAt) { $0.parent = letter.messageID }
        }
    }
}

// MARK: Nodes

extension TraceTree {
    /// The first message of each chain, with everything that followed, in the order of their beginnings.
    var roots: [TraceNode] {
        var children: [ID: [Message]] = [:]
        var roots: [Message] = []
        for message in self.order.compactMap({ self.messages[$0] }) {
            if let parent = message.parent, parent != message.id, self.messages[parent] != nil {
                children[parent, default: []].append(message)
            } else {
                roots.append(message)
            }
        }
        return roots.sorted { $0.sentAt < $1.sentAt }.map { root in
            var node = self.node(root, children, depth: 0)
            Self.spread(self.subject ?? Self.onlySubject(of: node), over: &node)
            guard let route = self.application.traces.route(root.type, root.id) else { return self.named(node) }
            let decision = self.messages.values.lazy.filter { $0.chain == root.chain }.flatMap(\.handled).first { $0.decides }
            let request = TraceNode(
                id: "http/\(root.id)", kind: .http, name: route, at: root.sentAt,
                ms: decision.map { max(0, $0.end.timeIntervalSince(root.sentAt) * 1000) },
                outcome: decision?.outcome
                    ?? (node.all.contains { $0.isDead && $0.outcome != DeadStatus.replayed.rawValue } ? "failed" : "accepted"),
                messageID: root.id, subject: node.subject, children: [node])
            return self.named(request)
        }
    }

    /// Deeper than any of our chains; an artificial one must not overflow the stack.
    private static let deepest = 200

    private func node(_ message: Message, _ children: [ID: [Message]], depth: Int) -> TraceNode {
        let below = depth < Self.deepest ? children[message.id] ?? [] : []
        func nodes(publishedBy queue: String?) -> [TraceNode] {
            below.filter { $0.publisher == queue }.map { self.node($0, children, depth: depth + 1) }
        }
        var parts = message.attempts.map { attempt in
            TraceNode(
                id: "\(message.id)/\(attempt.queue)/\(attempt.number)", kind: .handler, name: attempt.queue, at: attempt.at, outcome: "failed",
                attempt: attempt.number, messageID: message.id, children: [], error: "\(attempt.errorType): \(attempt.error)")
        }
        parts += message.handled.map { handled in
            let calls = message.calls.filter { $0.kind.queue == handled.queue || $0.kind.queue.isEmpty }
            // External calls are made before the transaction.
            let began = calls.map(\.at).reduce(handled.handledAt, min)
            let outside = calls.enumerated().map { index, call in
                TraceNode(
                    id: "\(message.id)/\(handled.queue)/call/\(index + 1)", kind: .call(call.kind), name: call.name, at: call.at,
                    ms: Double(call.microseconds) / 1000, outcome: call.outcome, messageID: message.id, children: [])
            }
            return TraceNode(
                id: "\(message.id)/\(handled.queue)/\(handled.attempt)", kind: .handler, name: handled.queue, at: began,
                ms: handled.end.timeIntervalSince(began) * 1000, outcome: handled.outcome, attempt: handled.attempt, messageID: message.id,
                children: outside + nodes(publishedBy: handled.queue), error: handled.problem)
        }
        // An edited message stands below the dead letter that it replaces.
        let edited = nodes(publishedBy: nil)
        parts += message.letters.map { letter in
            // The attempt is recorded a moment after its failure, and still comes first.
            let givenUp = message.attempts.filter { $0.queue == letter.queue && $0.nextAt == nil }.map(\.at)
            return TraceNode(
                id: letter.id.description, kind: .dead, name: letter.errorType, at: givenUp.reduce(letter.lastFailedAt, max),
                outcome: letter.status.rawValue, messageID: message.id, children: letter.replacedBy == nil ? [] : edited, error: letter.error)
        }
        parts.sort { $0.at < $1.at }
        let began = parts.first?.at
        return TraceNode(
            id: message.id.description, kind: .message, name: message.type, at: message.sentAt,
            ms: began.map { max(0, $0.timeIntervalSince(message.sentAt) * 1000) }, outcome: self.outcome(of: message), messageID: message.id,
            // A message may be about what it creates, which has its id.
            subject: message.subject ?? self.application.conveyor.subject(message.type, message.id, []),
            children: parts + (message.letters.contains { $0.replacedBy != nil } ? [] : edited))
    }

    private func outcome(of message: Message) -> String {
        let expected = self.queues[message.type] ?? []
        // Commands go to a queue whatever their type is.
        let isHandled = expected.allSatisfy { queue in message.handled.contains { $0.queue == queue } }
        if message.letters.contains(where: { $0.status != .replayed || $0.replacedBy != nil }), !isHandled || expected.isEmpty { return "dead" }
        if isHandled, let rejected = message.handled.first(where: { $0.outcome == "rejected" }) { return rejected.outcome }
        if isHandled { return expected.isEmpty && message.handled.isEmpty ? "published" : "succeeded" }
        return message.attempts.last?.nextAt.map { $0 > self.now } == true ? "retrying" : "queued"
    }

    private static func onlySubject(of node: TraceNode) -> Subject? {
        let subjects = Set(node.all.compactMap(\.subject))
        return subjects.count == 1 ? subjects.first : nil
    }

    /// A step without its own subject is about that of its cause.
    private static func spread(_ subject: Subject?, over node: inout TraceNode) {
        node.subject = node.subject ?? subject
        for index in node.children.indices { self.spread(node.subject, over: &node.children[index]) }
    }

    /// Names the subjects for JSON.
    private func named(_ node: TraceNode) -> TraceNode {
        var node = node
        node.subjectMember = self.application.subjectMember
        node.children = node.children.map(self.named)
        return node
    }
}
