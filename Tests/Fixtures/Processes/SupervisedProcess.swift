import Glibc

/// A program that is restarted a second after it ends, as by a supervisor, until it is stopped.
public actor SupervisedProcess {
    private let program: String
    private let arguments: [String]
    private let environment: [String: String]
    private let sign: String
    private var process: ChildProcess
    private var watching: Task<Void, Never>?
    /// The unexpected ends.
    public private(set) var ends: [ChildProcess.Exit] = []

    /// Starts a program with only this environment, and waits until it has written `sign`.
    public init(
        _ program: String, _ arguments: [String] = [], environment: [String: String], readyWhenItSays sign: String
    ) async throws(FixtureError) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.sign = sign
        self.process = try ChildProcess(program, arguments, environment: environment, inherits: false)
        try await self.process.waits(for: sign, within: .seconds(90))
        self.watching = Task { [weak self] in while let process = await self?.process, await self?.bringBack(after: process) == true {} }
    }

    /// The output since its last start.
    public var output: String { self.process.output }

    /// Sends a signal to the running process.
    public func signal(_ number: Int32) { self.process.signal(number) }

    /// SIGKILL, and waits for the end; it is restarted.
    public func kill() async throws(FixtureError) { try await self.process.kill() }

    /// Waits until it runs and is ready.
    public func waitUntilReady() async throws {
        try await eventually("\(self.program) is ready", within: .seconds(90)) {
            self.process.isRunning && self.process.output.contains(self.sign)
        }
    }

    /// SIGTERM, and waits for the end; it is not restarted.
    @discardableResult
    public func stop() async throws(FixtureError) -> ChildProcess.Exit {
        self.watching?.cancel()
        self.watching = nil
        return try await self.process.stop()
    }

    /// Returns whether to continue.
    private func bringBack(after process: ChildProcess) async -> Bool {
        guard let exit = try? await process.waitForExit(within: .seconds(86_400)), !Task.isCancelled else { return false }
        self.ends.append(exit)
        // As runit does.
        guard (try? await Task.sleep(for: .seconds(1))) != nil else { return false }
        guard let next = try? ChildProcess(self.program, self.arguments, environment: self.environment, inherits: false) else { return false }
        self.process = next
        return true
    }
}
