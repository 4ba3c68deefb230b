package import Conveyor
package import Shop

/// A problem in the API.
package struct ProblemBody: Encodable, Sendable {
    package let type: String
    package let title: String
    package let status: Int
    package let detail: String
    package let instance: String?
    package let code: Problem.Code
    package let errors: [Problem.FieldError]?
    package let lines: [Problem.Line]?
    package let operationID: String?
    package let requestID: String?

    package init(_ problem: Problem, instance: String? = nil, requestID: String? = nil, operationID: String? = nil) {
        self.type = "/problems/\(problem.code.rawValue)"
        self.title = problem.code.title
        self.status = problem.code.status
        self.detail = problem.detail
        self.instance = instance
        self.code = problem.code
        self.errors = problem.errors
        self.lines = problem.lines
        self.operationID = operationID
        self.requestID = requestID
    }

    enum CodingKeys: String, CodingKey {
        case type, title, status, detail, instance, code, errors, lines
        case operationID = "operation_id"
        case requestID = "request_id"
    }
}
