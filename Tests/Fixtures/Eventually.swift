/// Asks again and again until the condition holds: for what announces itself in no other way.
/// - Throws: what `condition` throws, or an error that names `what` when the time is over.
public func eventually(
    _ what: @autoclosure () -> String, within limit: Duration = .seconds(60), every pause: Duration = .milliseconds(10), fileID: String = #fileID,
    line: Int = #line, isolation: isolated (any Actor)? = #isolation, _ condition: () async throws -> Bool
) async throws {
    _ = try await eventualValue(what(), within: limit, every: pause, fileID: fileID, line: line) { try await condition() ? true : nil }
}

/// Asks again and again until there is an answer.
/// - Throws: what `attempt` throws, or an error that names `what` when the time is over.
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
