import ArgumentParser
import Conveyor

/// `conveyor topology apply | check | draw`
struct TopologyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topology", abstract: "Manage RabbitMQ's exchanges, queues, bindings and policies.",
        subcommands: [Apply.self, Check.self, Draw.self])

    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create missing exchanges, queues and bindings, and update policies.",
            discussion: "Removes nothing without --prune.")
        @Flag(help: "Also remove bindings and policies that are not in the topology file, and recreate exchanges of the wrong type.") var prune =
            false
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                _ = try await context.actor(for: .administer)
                let definitions = try context.topology()
                let api = try context.managementAPI()
                if self.prune {
                    for difference in definitions.differences(in: try await api.topology()) {
                        guard case .prune(let surplus) = difference.remedy else { continue }
                        try await api.remove(surplus)
                        print("removed: \(difference.what)")
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
        static let configuration = CommandConfiguration(
            abstract: "Print the differences between the topology file and the broker. Exit 1 if there are any.")
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                let definitions = try context.topology()
                let differences = definitions.differences(in: try await context.managementAPI().topology())
                for difference in differences { print(difference) }
                if !differences.isEmpty { throw ExitCode(1) }
                print("the broker matches the topology file")
            }
        }
    }

    struct Draw: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the flow of messages between exchanges and queues as a text diagram.")
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                let ladder = try RetryLadder(context.settings)
                let definitions = try context.topology()
                for queue in definitions.workQueues {
                    for source in ["commands", "events", "return"] {
                        let keys = definitions.bindings.filter { $0.destination == queue && $0.source == source }.map(\.routingKey)
                        if !keys.isEmpty { print("\(source) ──\(keys.joined(separator: ", "))──▶ \(queue)") }
                    }
                    print("  \(queue) ──failed──▶ retry.<seconds> ──▶ return\n  \(queue) ──given up──▶ dead ──▶ \(queue).dead\n")
                }
                print("retry schedule: " + ladder.delays.map { "retry.\($0)" }.joined(separator: " → "))
            }
        }
    }
}
