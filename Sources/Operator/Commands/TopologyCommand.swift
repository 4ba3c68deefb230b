import ArgumentParser
import Kit

/// `conveyor topology apply | check | draw`
struct TopologyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topology", abstract: "RabbitMQ's exchanges, queues, bindings and policies.", subcommands: [Apply.self, Check.self, Draw.self])

    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Creates what is missing and updates policies.",
            discussion: "It takes nothing away, unless with --prune: bindings that feed our queues beside ours, and policies that hide ours.")
        @Flag(help: "Also take away bindings and policies that are not in the topology, and declare exchanges of another kind anew.") var prune =
            false
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await Desk.open(self.options) { desk in
                _ = try await desk.actor(for: .administer)
                let definitions = try Definitions(ladder: RetryLadder(desk.settings))
                let api = try desk.managementAPI()
                if self.prune {
                    for difference in definitions.differences(in: try await api.topology()) {
                        guard case .prune(let surplus) = difference.remedy else { continue }
                        try await api.remove(surplus)
                        print("taken away: \(difference.what)")
                    }
                }
                try await api.apply(definitions)
                let differences = definitions.differences(in: try await api.topology())
                guard differences.isEmpty else {
                    for difference in differences { print(difference) }
                    throw ExitCode(1)
                }
                print(
                    "\(definitions.exchanges.count) exchanges, \(definitions.queues.count) queues, \(definitions.bindings.count) bindings, "
                        + "\(definitions.policies.count) policies")
            }
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints what differs between file and broker; exit 1 if anything does.")
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await Desk.open(self.options) { desk in
                let definitions = try Definitions(ladder: RetryLadder(desk.settings))
                let differences = definitions.differences(in: try await desk.managementAPI().topology())
                for difference in differences { print(difference) }
                if !differences.isEmpty { throw ExitCode(1) }
                print("the broker is as the topology says")
            }
        }
    }

    struct Draw: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints who sends what where, as a picture of text.")
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await Desk.open(self.options) { desk in
                let ladder = try RetryLadder(desk.settings)
                let definitions = try Definitions(ladder: ladder)
                for queue in definitions.workQueues {
                    for source in ["commands", "events", "return"] {
                        let keys = definitions.bindings.filter { $0.destination == queue && $0.source == source }.map(\.routingKey)
                        if !keys.isEmpty { print("\(source) ──\(keys.joined(separator: ", "))──▶ \(queue)") }
                    }
                    print("  \(queue) ──failed──▶ retry.<seconds> ──▶ return\n  \(queue) ──given up──▶ dead ──▶ \(queue).dead\n")
                }
                print("ladder: " + ladder.delays.map { "retry.\($0)" }.joined(separator: " → "))
            }
        }
    }
}
