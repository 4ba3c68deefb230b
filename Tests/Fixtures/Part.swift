import Glibc

/// Runs an executable of the package with only these settings as its environment, from its readiness until `body` ends; it
/// must then end after SIGTERM with status 0, unless the test has ended it.
public func withPart<Result>(
    _ name: String, _ settings: [String: String], arguments: [String] = [], isolation: isolated (any Actor)? = #isolation,
    _ body: (ChildProcess) async throws -> Result
) async throws -> Result {
    let part = try ChildProcess(
        Repository.executable(name), arguments, environment: settings.merging(["LOG_FORMAT": "json"]) { own, _ in own }, inherits: false)
    try await part.waits(for: #""message":"ready""#)
    let result: Result
    do {
        result = try await body(part)
    } catch {
        // Its output is the best explanation.
        throw part.isRunning ? error : FixtureError("\(error)\n\(name) has ended:\n\(part.output.suffix(6000))")
    }
    guard part.isRunning else { return result }
    let exit = try await part.stop()
    guard exit == .status(0) else { throw FixtureError("\(name) ended with \(exit)\n\(part.output.suffix(6000))") }
    return result
}
