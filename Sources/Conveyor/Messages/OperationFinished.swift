/// A hint for waiting clients: the operations that a commit finished and the resources that it changed, in one transient message.
///
/// It may be lost or repeated; Postgres contains the same. The ingress uses it to wake waiting requests and to invalidate caches.
public struct OperationFinished: Event {
    /// `operation.finished`.
    public static let type = "operation.finished"

    /// An operation that this commit finished.
    public struct Operation: Codable, Sendable, Equatable {
        /// The message id of its first command, which is the correlation id.
        public var id: ID
        /// `succeeded` or `rejected`.
        public var status: String

        /// An operation that this commit finished.
        public init(id: ID, status: String) {
            self.id = id
            self.status = status
        }
    }

    /// The finished operations.
    public var operations: [Operation]
    /// The ids of the changed resources by type, e.g. `order`, `product`, `user`.
    public var changed: [String: [ID]]

    /// A hint for waiting clients.
    public init(operations: [Operation], changed: [String: [ID]]) {
        self.operations = operations
        self.changed = changed
    }
}
