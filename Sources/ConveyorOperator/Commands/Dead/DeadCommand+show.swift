import ArgumentParser
import Conveyor
import FoundationEssentials
import Postgres

extension DeadCommand {
    /// `conveyor dead show ID`
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show a dead letter: payload, headers, error, history, and what to do.")

        @Argument(help: "Id of the dead letter or of its message.") var id: String
        @Flag(help: "Print a JSON object.") var json = false
        @Flag(help: "Print only the payload, byte for byte, to edit it for `dead replay --edit`.") var payload = false
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                let id = try ID(named: self.id, of: "dead letter")
                let (detail, history, attempts) = try await context.withDatabase { pool in
                    if self.payload { _ = try await context.actor(for: .seePayloads, in: pool) }
                    let hidesPayloads = try await context.hidesPayloads(in: pool)
                    let store = context.deadLetters(pool)
                    guard let detail = try await store.find(id) else { throw NothingFound("no dead letter \(id)") }
                    let (history, attempts) = (try await store.history(of: detail.letter.id), try await store.attempts(of: detail.letter))
                    return hidesPayloads ? (detail.withoutPayload, history.map(\.withoutPayload), attempts) : (detail, history, attempts)
                }
                if self.payload {
                    StandardStreams.write(detail.payload)
                } else if self.json {
                    Terminal.print(json: try detail.json(history))
                } else {
                    detail.print(history, attempts)
                }
            }
        }
    }
}

extension DeadLetterDetail {
    /// The output of `dead show --json`.
    func json(_ history: [HistoryEntry]) throws -> [UInt8] {
        var object = try JSONObject(self.letter)
        try object.add("recorded_at", self.recordedAt)
        try object.add("applied", self.isApplied)
        if self.isPayloadHidden {
            try object.add("payload", String?.none)
        } else if let json = self.payloadJSON {
            object.add("payload", json: json)
        } else {
            // A payload that is not JSON as text, and, since that may lose some of it, as bytes.
            try object.add("payload", String(decoding: self.payload, as: UTF8.self))
            try object.add("payload_base64", Data(self.payload).base64EncodedString())
        }
        try object.add("headers", self.headers)
        object.add("history", json: JSONObject.array(try history.map { try $0.json() }))
        return object.bytes
    }

    fileprivate func print(_ history: [HistoryEntry], _ attempts: [FailedAttempt]) {
        let letter = self.letter
        let output = Terminal.output
        Swift.print(
            output.styled(letter.type.isEmpty ? "(no type)" : letter.type.onOneLine, .bold) + " in \(letter.queue), "
                + output.styled(letter.status.rawValue, letter.status.style))
        Swift.print(output.styled("\(letter.errorType): \(letter.error.onOneLine)", letter.status == .open ? .red : .plain))
        Swift.print("")
        var fields = FieldList()
        fields.add("id", letter.id.description)
        fields.add("group", letter.group)
        fields.add("message", letter.messageID.description)
        fields.add("operation", letter.correlationID?.description)
        fields.add("caused by", self.headers["causation-id"]?.string)
        if let subject = letter.subject { fields.add(subject.type, subject.id.description) }
        fields.add("actor", self.headers["actor"]?.string)
        fields.add("attempts", "\(letter.attempts)")
        fields.add("first failed", Self.time(letter.firstFailedAt))
        fields.add("last failed", Self.time(letter.lastFailedAt))
        fields.add("replaced by", letter.replacedBy.map { "message \($0), which was edited" })
        if self.isApplied { fields.add("applied", "it has taken effect: a replay changes nothing", .green) }
        fields.print()

        if self.isPayloadHidden {
            Terminal.section("Payload")
            Swift.print("  Viewers do not see payloads.")
        } else {
            Terminal.section("Payload, \(Quantity.size(self.payload.count))")
            Swift.print(Self.indented(self.shownPayload))
        }
        if !self.headers.isEmpty {
            Terminal.section("Headers")
            var fields = FieldList()
            for (name, value) in self.headers.sorted(by: { $0.key < $1.key }) where !StoredMessage.isOfFailure(name) {
                fields.add(name, (try? JSON.encode(value)).map { value.string ?? String(decoding: $0, as: UTF8.self) })
            }
            fields.print()
        }
        if !attempts.isEmpty {
            Terminal.section("Failed attempts")
            var table = Table(.text("AT"), .number("ATTEMPT"), .text("THEN"), .long("ERROR", least: 20))
            for attempt in attempts {
                let wait = attempt.nextAt.map { "again after \(Quantity.span(milliseconds: $0.timeIntervalSince(attempt.at) * 1000))" } ?? "given up"
                table.add(
                    Table.Cell(Timestamp.string(attempt.at)), Table.Cell("\(attempt.attempt)"), Table.Cell(wait),
                    Table.Cell("\(attempt.errorType): \(attempt.error)"))
            }
            table.print()
        }
        Terminal.section("History")
        var table = Table(.text("AT"), .text("ACTOR"), .text("ACT"), .long("", least: 20))
        for entry in history {
            let diff = entry.diff.map { " " + String(decoding: $0.bytes, as: UTF8.self) } ?? ""
            let text = (entry.reason ?? "") + (entry.messageID.map { "message \($0)" } ?? "") + diff
            table.add(Table.Cell(Timestamp.string(entry.at)), Table.Cell(entry.actor), Table.Cell(entry.act), Table.Cell(text))
        }
        table.print()
        self.printAdvice()
    }

    private func printAdvice() {
        guard self.letter.status == .open else { return }
        Terminal.section("What now")
        var fields = FieldList()
        fields.add("what led to it", TypedCommand.text("trace \(self.letter.subject?.id ?? self.letter.correlationID ?? self.letter.messageID)"))
        if let undecodable {
            fields.add("as it is", "a replay would fail again: \(undecodable)", .yellow)
        } else {
            fields.add("once it is repaired", TypedCommand.text("dead replay \(self.letter.id)") + ", or --group \(self.letter.group)")
        }
        fields.add(
            "if the payload is wrong",
            TypedCommand.text("dead show --payload \(self.letter.id)") + " > FILE; edit it; "
                + TypedCommand.text("dead replay --edit FILE \(self.letter.id)"))
        fields.add("and then the others like it", TypedCommand.text("dead replay --group \(self.letter.group) --like \(self.letter.id)"))
        fields.add("if it is not needed", TypedCommand.text("dead discard --reason TEXT \(self.letter.id)"))
        fields.print()
    }

    /// Formatted JSON, otherwise text with invisible characters made visible. Cut at 64 KiB.
    private var shownPayload: String {
        let longest = 64 << 10
        if self.payload.count <= longest, let pretty = PrettyJSON(self.payload) { return pretty.text.visible }
        let text = String(decoding: self.payload.prefix(longest), as: UTF8.self).visible
        return self.payload.count > longest ? text + "\n… all of it: \(TypedCommand.text("dead show --payload \(self.letter.id)"))" : text
    }

    private static func time(_ date: Date) -> String { "\(Timestamp.string(date)) (\(Moment(date).ago))" }

    private static func indented(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }.joined(separator: "\n")
    }
}
