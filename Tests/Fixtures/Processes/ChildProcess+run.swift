extension ChildProcess {
    /// Runs a program to its end.
    /// - Returns: its standard output.
    /// - Throws: its output, unless it exits with 0.
    @discardableResult
    public static func run(
        _ program: String, _ arguments: [String] = [], input: String? = nil, environment: [String: String?] = [:],
        within time: Duration = .seconds(60)
    ) async throws(FixtureError) -> String {
        let process = try ChildProcess(program, arguments, environment: environment, input: input)
        let exit = try await process.waitForExit(within: time)
        guard exit == .status(0) else {
            throw FixtureError("\(program) \(arguments.joined(separator: " ")): \(exit)\n\(process.output)")
        }
        return process.standardOutput
    }
}
