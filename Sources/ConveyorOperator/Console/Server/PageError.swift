import HTTPTypes

/// Why there is no page, as an explanation for the operator.
struct PageError: Error {
    let status: HTTPResponse.Status
    let message: String

    init(_ status: HTTPResponse.Status, _ message: String) {
        self.status = status
        self.message = message
    }
}
