import Conveyor
import Dispatch
import FoundationEssentials
import Glibc

/// Reads a quorum queue through the broker's own tool, as `rabbitmq-queues peek` does: it asks the queue's state machine for the
/// message at a position. No message is delivered, so none is counted.
struct QueuePeeker: Sendable {
    /// `rabbitmqctl`, or a program with the same arguments.
    let program: String
    let virtualHost: String

    /// The limit of positions: each makes the broker walk from the queue's head.
    static let deepest = 500

    /// The tool failed.
    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    /// nil if `RABBITMQCTL` is not set.
    init?(_ settings: Settings, virtualHost: String) {
        guard let program = settings.string("RABBITMQCTL") else { return nil }
        self.program = program
        self.virtualHost = virtualHost
    }

    /// The messages at the head of a queue, in the order of delivery.
    func peek(_ queue: String, most: Int) async throws -> [WaitingMessage] {
        let expression = Self.expression(virtualHost: self.virtualHost, queue: queue, most: max(1, min(most, Self.deepest)))
        let program = self.program
        let output = try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<String, any Error>) in
            // popen(3) and its reading block, so not on a thread of the cooperative pool.
            DispatchQueue.global().async { continuation.resume(with: Result { try Self.run(program, expression) }) }
        }
        return try Self.parse(output, queue: queue)
    }

    private static func bytes(_ text: String) -> String { "<<\(text.utf8.map(String.init).joined(separator: ","))>>" }

    /// An Erlang expression of letters, digits and signs that are safe within single quotes.
    ///
    /// For each message a string of hexadecimal fields separated by dots: message id, type, actor, attempt, and the time in milliseconds or seconds.
    static func expression(virtualHost: String, queue: String, most: Int) -> String {
        """
        {ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(\(self.bytes(virtualHost)), queue, \(self.bytes(queue)))), \
        Hex = fun(undefined) -> ""; (I) when is_integer(I) -> integer_to_list(I); \
        (B) -> lists:flatten([io_lib:format("~2.16.0b", [C]) || C <- binary_to_list(iolist_to_binary(B))]) end, \
        Header = fun(N, Hs) when is_list(Hs) -> case lists:keyfind(N, 1, Hs) of {_, _, V} when is_integer(V); is_binary(V) -> V; _ -> undefined end; \
        (_, _) -> undefined end, \
        One = fun(M) -> P = element(3, rabbit_binary_parser:ensure_content_decoded(element(4, M))), Hs = element(4, P), \
        string:join([Hex(element(10, P)), Hex(element(12, P)), Hex(Header(\(self.bytes("actor")), Hs)), Hex(Header(\(self.bytes("attempt")), Hs)), \
        Hex(Header(\(self.bytes("timestamp_in_ms")), Hs)), Hex(element(11, P))], ".") end, \
        Go = fun(F, N) when N =< \(most) -> case ra:aux_command(amqqueue:get_pid(Q), {peek, N}) of {ok, {_, M}} -> [One(M) | F(F, N + 1)]; _ -> [] end; \
        (_, _) -> [] end, Go(Go, 1).
        """
    }

    private static func run(_ program: String, _ expression: String) throws -> String {
        func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }
        guard let pipe = popen("\(quoted(program)) --quiet eval \(quoted(expression)) 2>&1", "r") else {
            throw Failed(description: "\(program) cannot be run")
        }
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, pipe)
            guard count > 0 else { break }
            output += buffer[..<count]
        }
        let text = String(decoding: output, as: UTF8.self)
        guard pclose(pipe) == 0 else { throw Failed(description: "\(program): \(text.onOneLine.shortened(to: 300))") }
        return text
    }

    /// Parses Erlang's output of a list of strings, with line breaks anywhere.
    static func parse(_ output: String, queue: String) throws -> [WaitingMessage] {
        // rabbitmqctl prints only the list, erl_call {ok, List}.
        guard let start = output.firstIndex(of: "["), let end = output.lastIndex(of: "]"), start < end, !output.contains("{error") else {
            throw Failed(description: "the broker's tool said: \(output.onOneLine.shortened(to: 300))")
        }
        let text = output[start...end].filter { !$0.isWhitespace }.replacing("\"\"", with: "")
        let now = Date()
        return text.dropFirst().dropLast().split(separator: ",").compactMap { piece in
            let fields = piece.filter { $0 != "\"" }.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 6, let id = self.decoded(fields[0]).flatMap({ ID($0) }) else { return nil }
            let milliseconds = Int64(fields[4]) ?? Int64(fields[5]).map { $0.multipliedReportingOverflow(by: 1000).partialValue }
            let sentAt = milliseconds.map { Clock.date(milliseconds: $0) }
            return WaitingMessage(
                queue: queue, type: self.decoded(fields[1]) ?? "", messageID: id, attempt: Int(fields[3]) ?? 1,
                ageSeconds: sentAt.map { max(0, now.timeIntervalSince($0)) } ?? 0, actor: self.decoded(fields[2]) ?? "system", sentAt: sentAt,
                source: .queue)
        }
    }

    private static func decoded(_ hex: String) -> String? {
        guard !hex.isEmpty, hex.utf8.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        var rest = hex[...]
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
