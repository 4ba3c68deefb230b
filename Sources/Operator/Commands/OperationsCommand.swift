import ArgumentParser
import Conveyor
import ConveyorOperator
import Postgres
import Shop

/// `conveyor operations ID`
struct OperationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "operations", abstract: "Print the state of an operation.")

    @Argument(help: "Operation id (op_…), or the message id of its command.") var id: String
    @Flag(help: "Print a JSON object.") var json = false
    @OptionGroup var options: PartOptions

    func run() async throws {
        try await CommandContext.open(self.options) { context in
            guard let operation = try await context.withDatabase({ try await OperationStore(pool: $0).find(self.id) }) else {
                throw NothingFound("no operation \(self.id.onOneLine)")
            }
            if self.json { Terminal.print(json: try operation.json()) } else { operation.print() }
        }
    }
}

extension OperationView {
    fileprivate func print() {
        Swift.print(
            Terminal.output.styled(self.type?.onOneLine ?? "operation", .bold) + ", "
                + Terminal.output.styled(self.status.rawValue, self.status.style))
        if let problem { Swift.print(Terminal.output.styled("\(problem.code.rawValue): \(problem.detail.onOneLine)", .yellow)) }
        var fields = FieldList()
        fields.add("message", self.messageID.description)
        fields.add("resource", self.resource.map { "\($0.type.rawValue) \($0.id)" })
        fields.add("attempts", "\(self.attempts)")
        fields.add("created", self.createdAt.map { Timestamp.string($0) })
        fields.add("finished", self.finishedAt.map { Timestamp.string($0) })
        fields.add("next attempt", self.nextAttemptAt.map { Timestamp.string($0) })
        fields.add("dead letter", self.deadLetter.map { "\($0); \(TypedCommand.text("dead show \($0)"))" }, .red)
        fields.add("result", self.result.map { String(decoding: $0, as: UTF8.self) })
        fields.add("all of it", TypedCommand.text("trace \(self.messageID)"))
        fields.print()
    }
}

extension OperationView.Status {
    fileprivate var style: Terminal.Style {
        switch self {
        case .succeeded: .green
        case .rejected, .retrying: .yellow
        case .failed: .red
        case .pending: .cyan
        }
    }
}
