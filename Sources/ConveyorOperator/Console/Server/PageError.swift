public import HTTPTypes

/// The reason for not showing a page, as an explanation for the operator.
public struct PageError: Error {
    let status: HTTPResponse.Status
    let message: String

    /// An answer with this status, whose page shows the message.
    public init(_ status: HTTPResponse.Status, _ message: String) {
        self.status = status
        self.message = message
    }
}
