/// Asks again and again until there is an answer: for what announces itself in no other way.
/// - Throws: What `attempt` throws, or a failure that names `what` when the time is over.
@discardableResult
public func eventually<Answer>(
    _ what: String, within limit: Duration = .seconds(10), every pause: Duration = .milliseconds(20),
    _ attempt: () async throws -> Answer?
) async throws -> Answer {
    let deadline = ContinuousClock.now + limit
    while true {
        if let answer = try await attempt() { return answer }
        guard ContinuousClock.now < deadline else { throw PrivateBroker.Failure(description: "waited \(limit) in vain for \(what)") }
        try await Task.sleep(for: pause)
    }
}
