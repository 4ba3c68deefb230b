/// The worker's checks before it takes a message: several of these settings fail silently in the broker.
struct TopologyCheck: Sendable {
    private let api: ManagementAPI
    private let definitions: Definitions
    private let queue: String

    init(settings: Settings, queue: String, definitions: Definitions) throws {
        self.api = try ManagementAPI(settings)
        self.definitions = definitions
        self.queue = queue
    }

    /// Waits for the broker, then compares the queue, its effective policy and its bindings with the topology.
    /// - Throws: `Unavailable` if the broker is unreachable for `timeout`, `SettingError` that names the first difference.
    func verify(timeout: Duration) async throws {
        let deadline = ContinuousClock.now + timeout
        var backoff = Backoff()
        while true {
            do {
                try await self.verifyNow()
                return
            } catch let refused as ManagementAPI.Refused where refused.status == 0 || refused.status >= 500 {
                guard ContinuousClock.now < deadline else { throw Unavailable("broker's management API: \(refused)") }
                try await Task.sleep(for: backoff.next())
            }
        }
    }

    private func verifyNow() async throws {
        func wrong(_ what: String) -> SettingError {
            SettingError(name: "topology", reason: "\(what); `conveyor topology check` lists all, with repairs")
        }
        guard let queue = try await self.api.queue(self.queue) else { throw wrong("queue \(self.queue) is missing") }
        guard queue.type == "quorum" else { throw wrong("queue \(self.queue) is \(queue.type ?? "of no known type"), not quorum") }
        if let policy = self.definitions.policies.first(where: { $0.name == self.queue }) {
            let inForce = try await self.api.policy(of: self.queue)
            let effective = inForce?.definition ?? [:]
            let by = inForce.map { $0.name == policy.name ? "" : " by policy \($0.name), which hides ours" } ?? ""
            for (key, value) in policy.definition.sorted(by: { $0.key < $1.key }) where effective[key] != value {
                // An administrator may set another length or limit in a policy with a higher priority, as long as there is one.
                if ["max-length", "delivery-limit"].contains(key), case .int(let number)? = effective[key], number > 0 { continue }
                throw wrong("\(key) of queue \(self.queue) is \(effective[key]?.description ?? "unset")\(by), not \(value)")
            }
        }
        let bindings = Set(try await self.api.bindings(of: self.queue))
        for binding in self.definitions.bindings where binding.destination == self.queue && !bindings.contains(binding) {
            throw wrong("binding \(binding.source) -[\(binding.routingKey)]-> \(self.queue) is missing")
        }
    }
}
