/// A statement with its parameters, already encoded in binary: one step of a pipeline.
public struct Call: Sendable {
    /// The statement to run.
    public let statement: Statement
    let parameters: ParameterBuffer

    /// Binds values to `$1`, `$2`, … in order.
    public init(_ statement: Statement, _ parameters: any PostgresEncodable...) {
        self.init(statement, parameters: parameters)
    }

    /// Binds a list of values whose length is known at run time only.
    public init(_ statement: Statement, parameters: [any PostgresEncodable]) {
        self.statement = statement
        self.parameters = ParameterBuffer(parameters)
    }
}
