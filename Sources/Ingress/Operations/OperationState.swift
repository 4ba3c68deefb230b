import Conveyor
import FoundationEssentials
import Postgres
import Resources
import Shop

/// The state of an operation.
struct OperationState: Sendable {
    enum Status: String, Encodable, Sendable {
        case pending, retrying, succeeded, rejected, failed
    }

    var status: Status
    var attempts = 0
    var result: JSONText?
    var problem: Problem?
    var createdAt: Date?
    var finishedAt: Date?
    /// Set while it is retried.
    var nextAttemptAt: Date?

    /// Whether this is the final state.
    var isFinal: Bool { self.status == .succeeded || self.status == .rejected || self.status == .failed }
}

/// An operation in the API.
struct OperationBody: Encodable, Sendable {
    let operation: OperationID
    let id: String
    let state: OperationState
    /// A secret that the operation has made and that only this answer shows.
    let secret: WebhookSecret?

    init(_ operation: OperationID, id: String, _ state: OperationState, secret: WebhookSecret? = nil) {
        self.operation = operation
        self.id = id
        self.state = state
        self.secret = secret
    }

    enum CodingKeys: String, CodingKey {
        case id = "operation_id"
        case type, status, attempts, result, problem, resource, secret
        case createdAt = "created_at"
        case finishedAt = "finished_at"
        case nextAttemptAt = "next_attempt_at"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.id, forKey: .id)
        try container.encode(self.operation.kind.type, forKey: .type)
        try container.encode(self.state.status, forKey: .status)
        try container.encode(self.state.attempts, forKey: .attempts)
        if let secret {
            try container.encode(["secret": secret.text], forKey: .result)
            try container.encode(secret.text, forKey: .secret)
        } else {
            try container.encode(try self.state.result.map { try JSON.decode(JSONValue.self, from: $0.bytes) }, forKey: .result)
        }
        try container.encode(self.state.problem.map { ProblemBody($0, operationID: self.id) }, forKey: .problem)
        try container.encode(self.operation.reference, forKey: .resource)
        try container.encode(self.state.createdAt, forKey: .createdAt)
        try container.encode(self.state.finishedAt, forKey: .finishedAt)
        try container.encode(self.state.nextAttemptAt, forKey: .nextAttemptAt)
    }
}
