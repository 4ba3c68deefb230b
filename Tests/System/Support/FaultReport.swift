import Fixtures
import Glibc

/// The effects of one fault.
struct FaultReport: Sendable {
    /// The fault.
    var fault: String
    /// Queued and unacknowledged messages just before.
    var inFlight: Int
    var books: Books
    /// The time from its end until a new order was paid, and its e-mail sent.
    var untilNormal: Duration

    /// Prints it, and appends it to the file in `CONVEYOR_FAULTS` with tabs between fields, for the table of `ops/test faults`.
    func publish() throws {
        let seconds = Double(self.untilNormal.components.seconds) + Double(self.untilNormal.components.attoseconds) / 1e18
        let fields = ["\(self.inFlight)", "\(self.books.lost)", "\(self.books.doubled)", "\((seconds * 100).rounded() / 100)"]
        // Not `print`, whose buffer is lost when the test process ends.
        try Self.write(
            "fault: \(self.fault): in flight \(fields[0]), lost \(fields[1]), doubled \(fields[2]), normal after \(fields[3]) s", to: STDERR_FILENO)
        guard let path = getenv("CONVEYOR_FAULTS").map({ String(cString: $0) }) else { return }
        let file = open(path, O_WRONLY | O_APPEND | O_CREAT, 0o644)
        guard file >= 0 else { throw FixtureError("\(path) cannot be written") }
        defer { close(file) }
        try Self.write(([self.fault] + fields).joined(separator: "\t"), to: file)
    }

    private static func write(_ line: String, to file: Int32) throws {
        let bytes = Array(line.utf8) + [UInt8(ascii: "\n")]
        guard Glibc.write(file, bytes, bytes.count) == bytes.count else { throw FixtureError("the report was not written") }
    }
}
