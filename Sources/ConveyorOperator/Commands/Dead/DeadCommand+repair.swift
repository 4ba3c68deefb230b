import ArgumentParser
import Conveyor
import Postgres

extension DeadCommand.Replay {
    private struct Report: Encodable {
        struct Left: Encodable {
            var id: ID
            var reason: String
        }
        var total: Int
        var steps: [String]
        var sent: Int
        var left: [Left]
    }

    /// Repairs dead letters like another one that was edited, and replays them. `--dry-run` counts those that the repair fits.
    func repair(_ named: [ID], like example: ID, _ actor: String, _ pool: PostgresPool, _ context: CommandContext) async throws {
        let store = context.deadLetters(pool)
        guard let edited = try await store.find(example)?.letter else { throw NothingFound("no dead letter \(example)") }
        guard let repair = try await store.repair(of: edited.id) else {
            throw NothingFound("\(edited.id) was not edited, or not in a way that can be repeated: dead replay --edit FILE \(edited.id) comes first")
        }
        let plan =
            named.isEmpty
            ? try await ReplayPlan.of(DeadLetterFilter(queue: self.queue, group: self.group), in: store) : try await ReplayPlan.of(named, in: store)
        let ids = plan.letters.map(\.id)
        guard !ids.isEmpty else { throw NothingFound("no open dead letter matches") }
        var report = Report(total: ids.count, steps: repair.steps.map(\.description), sent: 0, left: [])
        if !self.json {
            print("\(Quantity.count(ids.count, "dead letter")), each repaired as \(edited.id) was:")
            for step in report.steps { print("  " + step.onOneLine) }
        }
        if self.dryRun {
            for id in ids {
                do {
                    guard let detail = try await store.find(id) else { continue }
                    _ = try Edit(of: detail, payload: try detail.payload(repairedBy: repair), by: context.application)
                } catch let refusal as DeadLetterActs.Refusal {
                    report.left.append(.init(id: id, reason: refusal.description))
                }
            }
            if !self.json {
                print("\(Quantity.count(ids.count - report.left.count)) would be sent, \(Quantity.count(report.left.count)) would stay open")
            }
        } else {
            if Terminal.canAsk, !self.yes {
                guard Terminal.ask("Repair and send \(Quantity.count(ids.count, "message"))?") else { throw ExitCode(1) }
            }
            let line = ProgressLine("repair")
            defer { line.end() }
            let outcome = try await context.withPublisher { publisher in
                try await context.acts(pool, publisher, by: actor).replay(ids, repairedBy: repair, force: self.force) {
                    line.show($0, of: ids.count)
                }
            }
            line.end()
            report.sent = outcome.sent.count
            report.left = outcome.left.map { .init(id: $0.id, reason: $0.reason) }
            if !self.json { print("\(Quantity.count(report.sent)) of \(Quantity.count(ids.count)) sent") }
        }
        if self.json {
            try Terminal.print(json: report)
        } else {
            for left in report.left.prefix(10) { print("  left: \(left.id): \(left.reason.onOneLine)") }
        }
        if !report.left.isEmpty { throw ExitCode(1) }
    }
}
