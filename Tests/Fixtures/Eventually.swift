/// Polls a condition until it holds, where no event announces it.
/// - Throws: the error of `condition`, or one that names `what` after the timeout.
public func eventually(
    _ what: @autoclosure () -> String, within limit: Duration = .seconds(60), every pause: Duration = .milliseconds(10), fileID: String = #fileID,
    line: Int = #line, isolation: isolated (any Actor)? = #isolation, _ condition: () async throws -> Bool
) async throws {
    _ = try await eventualValue(what(), within: limit, every: pause, fileID: fileID, line: line) { try await condition() ? true : nil }
}

/// Polls until there is a result.
/// - Throws: the error of `attempt`, or one that names `what` after the timeout.
public func eventualValue<Answer>(
    _ what: @autoclosure () -> String, within limit: Duration = .seconds(60), every pause: Duration = .milliseconds(10), fileID: String = #fileID,
    line: Int = #line, isolation: isolated (any Actor)? = #isolation, _ attempt: () async throws -> Answer?
) async throws -> Answer {
    let deadline = ContinuousClock.now + limit
    while true {
        if let answer = try await attempt() { return answer }
        guard ContinuousClock.now < deadline else { throw FixtureError("\(fileID):\(line): waited \(limit) in vain for \(what())") }
        try await Task.sleep(for: pause)
    }
}
