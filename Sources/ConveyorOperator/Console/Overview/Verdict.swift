/// The problems, worst first, in words and with links; or that there are none.
struct Verdict: Sendable {
    struct Finding: Sendable {
        /// `bad`, `warn`, `good`: a class of the stylesheet.
        let tone: String
        let sign: String
        let text: String
        let link: String?
        let linkText: String?
    }

    let findings: [Finding]

    /// The age in seconds of the oldest message, above which it is reported.
    private static let patience = 60

    init(_ state: SystemState) {
        var bad: [Finding] = []
        var warnings: [Finding] = []
        func worry(_ isBad: Bool, _ text: String, _ link: String? = nil, _ linkText: String? = nil) {
            let finding = Finding(tone: isBad ? "bad" : "warn", sign: isBad ? "✕" : "!", text: text, link: link, linkText: linkText)
            if isBad { bad.append(finding) } else { warnings.append(finding) }
        }
        if state.brokerProblem != nil {
            worry(true, "RabbitMQ cannot be reached. Writes are refused with 503 until it is back; nothing that was accepted is lost.")
        }
        if state.databaseProblem != nil {
            worry(true, "Postgres cannot be reached. Writes are still accepted and wait in their queues; the workers go on when it is back.")
        }
        for alarm in state.alarms {
            worry(true, "RabbitMQ has a \(alarm) alarm: it takes no messages until there is room, and writes are refused with 503.")
        }
        for queue in state.queues {
            if queue.paused {
                let by = queue.pausedBy.map { " by \($0.visible)" } ?? ""
                let reason = queue.pausedReason.map { " (\($0.visible.shortened(to: 200)))" } ?? ""
                worry(false, "\(queue.name) is paused\(by)\(reason): its workers take nothing until it is resumed.")
            } else if queue.consumers == 0 {
                let waiting = queue.ready > 0 ? " \(Quantity.count(queue.ready, "message")) \(queue.ready == 1 ? "waits" : "wait")." : ""
                worry(true, "\(queue.name) has no consumer: is its worker running?\(waiting)")
            } else if let oldest = queue.oldestSeconds, oldest > Double(Self.patience) {
                worry(
                    false,
                    "The oldest message of \(queue.name) has waited \(Quantity.span(seconds: Quantity.whole(oldest))): its workers do not keep up, or one hangs."
                )
            }
            if queue.retrying > 0 {
                worry(
                    false,
                    "\(Quantity.count(queue.retrying, "message")) of \(queue.name) failed and will be tried again by \(queue.retrying == 1 ? "itself" : "themselves")."
                )
            }
        }
        if let open = state.openDeadLetters, open > 0 {
            let causes = state.openGroups.map { " of \(Quantity.count($0, "cause"))" } ?? ""
            worry(
                true, "\(Quantity.count(open, "dead letter"))\(causes) \(open == 1 ? "waits" : "wait") for a decision.", "/dead?status=open",
                "Look at them")
        }
        self.findings =
            bad + warnings
            + (bad.isEmpty && warnings.isEmpty
                ? [Finding(tone: "good", sign: "✓", text: "All is well: all messages are being handled.", link: nil, linkText: nil)] : [])
    }
}
