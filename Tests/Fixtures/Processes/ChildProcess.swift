import Dispatch
public import Glibc

/// A program that a test starts: its output is read continuously, and it is killed with its last reference or with the test process.
public final class ChildProcess: Sendable {
    /// The end of a program.
    public enum Exit: Sendable, Equatable {
        /// With this status.
        case status(Int32)
        /// By this signal.
        case signal(Int32)
    }

    /// The process id, which is not reused before the process was waited for.
    public let pid: pid_t
    private let program: String
    private let life: ProcessLife

    /// Starts a program.
    ///
    ///   - program: a path, or a name in `PATH`.
    ///   - environment: added to that of the test process; nil removes a name.
    ///   - inherits: whether to inherit the test process' environment.
    ///   - input: its standard input; empty if nil.
    ///   - input: what it reads from standard input; nothing if nil.
    public init(
        _ program: String, _ arguments: [String] = [], environment: [String: String?] = [:], inherits: Bool = true, input: String? = nil
    ) throws(FixtureError) {
        var variables = inherits ? Self.ownEnvironment : [:]
        for (name, value) in environment { variables[name] = value }
        variables[Reaper.mark.name] = Reaper.mark.value
        self.program = program
        self.life = try ProcessLife()
        self.pid = try self.life.start([program] + arguments, variables: variables, input: input)
    }

    deinit { self.life.signal(SIGKILL) }

    /// All output so far, standard output and standard error.
    public var output: String { self.life.text { $0.output } }
    /// Its standard output so far.
    public var standardOutput: String { self.life.text { $0.standardOutput } }
    /// Its standard error so far.
    public var standardError: String { self.life.text { $0.standardError } }

    /// Whether it is still running.
    public var isRunning: Bool { self.life.exit == nil }

    /// Sends a signal, unless it has ended.
    public func signal(_ number: Int32) { self.life.signal(number) }

    /// Waits until the output matches, and returns the first match's last capture, or the whole match.
    public func firstLine(matching pattern: String, within time: Duration = .seconds(60)) async throws(FixtureError) -> String {
        // Compiled in the closure: `Regex` is not `Sendable`.
        let found = await self.life.wait(within: time) { record in
            guard let regex = try? Regex(pattern) else { return nil }
            let match = String(decoding: record.output, as: UTF8.self).firstMatch(of: regex)
            return match.map { match in String(match.output.last?.substring ?? match.output[0].substring ?? "") } ?? record.exit.map { _ in "" }
        }
        guard let found, !found.isEmpty else { throw self.failure("wrote nothing that matches \(pattern)") }
        return found
    }

    /// Waits until the output contains a text.
    public func waits(for text: String, within time: Duration = .seconds(60)) async throws(FixtureError) {
        let found = await self.life.wait(within: time) { record in
            String(decoding: record.output, as: UTF8.self).contains(text) ? "yes" : record.exit.map { _ in "" }
        }
        guard found == "yes" else { throw self.failure("did not write \(text)") }
    }

    /// Waits for its end. The output can be read afterwards.
    @discardableResult
    public func waitForExit(within time: Duration = .seconds(60)) async throws(FixtureError) -> Exit {
        _ = await self.life.wait(within: time) { record in record.exit.map { _ in "" } }
        guard let exit = self.life.exit else { throw self.failure("did not end within \(time)") }
        return exit
    }

    /// SIGTERM, and waits for the end; SIGKILL if it takes too long.
    @discardableResult
    public func stop(within time: Duration = .seconds(35)) async throws(FixtureError) -> Exit {
        self.signal(SIGTERM)
        do throws(FixtureError) {
            return try await self.waitForExit(within: time)
        } catch {
            self.signal(SIGKILL)
            throw error
        }
    }

    /// SIGKILL, and waits for the end.
    public func kill() async throws(FixtureError) {
        self.signal(SIGKILL)
        try await self.waitForExit()
    }

    private func failure(_ what: String) -> FixtureError {
        let exit = self.life.exit.map { "\($0)" } ?? "none"
        return FixtureError("\(self.program) \(what); exit: \(exit)\n\(self.output.suffix(6000))")
    }

    /// The environment of the test process.
    private static var ownEnvironment: [String: String] {
        var values: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
            next += 1
        }
        return values
    }
}
