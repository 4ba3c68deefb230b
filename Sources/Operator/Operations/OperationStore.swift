import Conveyor
import ConveyorOperator
import FoundationEssentials
import Postgres
import Shop

/// An operation: a client's request and its result.
struct OperationView: Sendable {
    enum Status: String, Sendable, Encodable { case pending, retrying, succeeded, rejected, failed }

    /// Its public id, if known; else its message's id.
    var name: String
    var messageID: ID
    var type: String?
    var status: Status
    var attempts: Int
    /// JSON.
    var result: [UInt8]?
    var problem: Problem?
    var resource: ResourceReference?
    var createdAt: Date?
    var finishedAt: Date?
    /// While it is retried.
    var nextAttemptAt: Date?
    /// If it failed.
    var deadLetter: ID?

    /// In the form of the HTTP API.
    func json() throws -> [UInt8] {
        var object = JSONObject()
        try object.add("operation_id", self.name)
        try object.add("message_id", self.messageID)
        try object.add("type", self.type)
        try object.add("status", self.status)
        try object.add("attempts", self.attempts)
        object.add("result", json: self.result)
        object.add("problem", json: try self.problem?.json)
        try object.add("resource", self.resource)
        try object.add("created_at", self.createdAt)
        try object.add("finished_at", self.finishedAt)
        try object.add("next_attempt_at", self.nextAttemptAt)
        try object.add("dead_letter", self.deadLetter)
        return object.bytes
    }
}

extension Problem {
    /// In the form of the HTTP API (RFC 9457).
    var json: [UInt8] {
        get throws {
            var object = JSONObject()
            try object.add("type", "/problems/\(self.code.rawValue)")
            try object.add("title", self.code.title)
            try object.add("status", self.code.status)
            try object.add("detail", self.detail)
            try object.add("code", self.code)
            if let lines { try object.add("lines", lines) }
            if let errors { try object.add("errors", errors) }
            return object.bytes
        }
    }
}

/// Reads operations.
struct OperationStore: Sendable {
    let pool: PostgresPool

    private static let decided: Statement = """
        select outcome, attempt, result, problem, handled_at + took_us * interval '1 microsecond' from inbox
        where correlation_id = $1 and decides order by handled_at limit 1
        """
    private static let command: Statement = "select type, sent_at from inbox where message_id = $1 order by handled_at limit 1"
    private static let attempts: Statement =
        "select attempt, next_at, type, at from attempts where correlation_id = $1 order by at desc, id desc limit 1"
    private static let dead: Statement = """
        select id, attempts, last_failed_at, status, type, recorded_at from dead_letters where correlation_id = $1
        order by status = 'replayed', last_failed_at desc limit 1
        """

    /// The public kind of a command: the one that reserves first places an order.
    private static func publicType(_ command: String?) -> String? { command == ReserveStock.type ? PlaceOrder.type : command }

    /// An operation by its id (`op_…`) or its command's message id.
    /// - Returns: nil if the message is unknown. A well-formed `op_…` that no worker has handled yet is pending.
    func find(_ text: String) async throws -> OperationView? {
        let operation = OperationID(unverified: text)
        guard let id = operation?.messageID ?? ID(text) else { return nil }
        let results = try await self.pool.pipeline([
            Call(Self.decided, id), Call(Self.command, id), Call(Self.attempts, id), Call(Self.dead, id),
        ])
        guard operation != nil || results.contains(where: { !$0.isEmpty }) else { return nil }
        let command = results[1].first
        var view = OperationView(
            name: text, messageID: id, type: try operation?.kind.type ?? Self.publicType(command?[0]), status: .pending,
            attempts: command == nil ? 0 : 1,
            createdAt: try command?[1] ?? id.milliseconds.map { Clock.date(milliseconds: Int64($0)) })
        view.resource = operation?.reference
        if let row = results[0].first {
            view.status = try row[0, as: String.self] == "rejected" ? .rejected : .succeeded
            view.attempts = Int(try row[1, as: Int16.self])
            view.result = try row[2, as: JSONText?.self]?.bytes
            view.problem = try row[3, as: JSONText?.self].map { try JSON.decode(from: $0.bytes) }
            view.finishedAt = try row[4]
            return view
        }
        let attempt = results[2].first
        view.type = try view.type ?? Self.publicType(attempt?[2])
        let lastAttempt = try attempt?[3, as: Date.self]
        if let row = results[3].first {
            view.type = try view.type ?? Self.publicType(row[4])
            let isReplayed = try row[3, as: String.self] == "replayed"
            if !isReplayed {
                view.status = .failed
                view.deadLetter = try row[0]
                view.attempts = Int(try row[1, as: Int32.self])
                view.finishedAt = try row[2]
                return view
            }
            // Failures before the replay are history.
            if let lastAttempt, try lastAttempt <= row[5, as: Date.self] { return view }
        }
        if let attempt {
            view.attempts = Int(try attempt[0, as: Int16.self])
            view.nextAttemptAt = try attempt[1]
            // A dead letter on its way to the recorder.
            view.status = view.nextAttemptAt == nil ? .failed : .retrying
        }
        return view
    }
}
