import ArgumentParser
import Conveyor
import FoundationEssentials

/// `conveyor skip …`
struct SkipCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "skip", abstract: "Have workers reject all messages that match a rule, for good.",
        discussion: """
            Their operations end as rejected, with the code `skipped`; customers are not told the reason. It is in force within three seconds and holds \
            until it is lifted; what it has caught stays rejected.
            """,
        subcommands: [Add.self, List.self, Lift.self], defaultSubcommand: Add.self)

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a rule and print its id (the default).")

        @Option(help: "Only this queue.") var queue: String
        @Option(help: "Only of this message type, e.g. orders.place.") var type: String?
        @Option(help: "Only messages of this actor: a user id, operator:<name>, stripe or system.") var actor: String?
        @Option(help: ArgumentHelp("Only messages sent since then: 15m, 2h, 7d or a time.", valueName: "when")) var since: Since?
        @Option(help: ArgumentHelp("Only messages sent until then.", valueName: "when")) var until: Since?
        @Option(help: ArgumentHelp("Reason, shown to operators only.", valueName: "text")) var reason: String?
        @Flag(help: "Only count the waiting messages that the rule would catch.") var dryRun = false
        @Flag(help: "Do not ask for confirmation.") var yes = false
        @Flag(help: "Print a JSON object.") var json = false
        @OptionGroup var options: PartOptions

        private struct Made: Encodable { var id: Int64 }
        private struct Tried: Encodable {
            var wouldCatch: Int
            var looked: Int
            var source: WaitingMessage.Source
            enum CodingKeys: String, CodingKey {
                case wouldCatch = "would_catch"
                case looked, source
            }
        }

        func validate() throws {
            guard self.dryRun || self.reason?.contains(where: { !$0.isWhitespace }) == true else {
                throw ValidationError("--reason must not be empty")
            }
            if let since, let until, since.date > until.date { throw ValidationError("--since is later than --until") }
        }

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                try context.check(queue: self.queue)
                let conditions = Skip.Conditions(
                    queue: self.queue, type: self.type, actor: self.actor, since: self.since?.date, until: self.until?.date)
                try await context.withDatabase { pool in
                    let actor = try await context.actor(for: .skip, in: pool)
                    if self.dryRun {
                        let (messages, source) = try await context.waiting(pool).list(queue: self.queue, type: nil, limit: 10_000)
                        let tried = Tried(wouldCatch: messages.count(where: conditions.catches), looked: messages.count, source: source)
                        if self.json {
                            try Terminal.print(json: tried)
                        } else {
                            print("would catch \(Quantity.count(tried.wouldCatch)) of \(Quantity.count(tried.looked, "message")) waiting")
                            Terminal.note(source.note)
                        }
                        return
                    }
                    if Terminal.canAsk, !self.yes {
                        guard Terminal.ask("Have \(self.queue)'s workers reject all that match, for good?") else { throw ExitCode(1) }
                    }
                    let id = try await Skips(pool: pool).add(conditions, reason: self.reason ?? "", by: actor)
                    if self.json { try Terminal.print(json: Made(id: id)) } else { print("\(id)") }
                }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the rules, active ones first, with how many messages each has caught.")

        @Flag(help: "Print a JSON array.") var json = false
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                let skips = try await context.withDatabase { try await Skips(pool: $0).list() }
                if self.json {
                    try Terminal.print(json: skips)
                } else if !skips.isEmpty {
                    var table = Table(
                        .number("ID"), .text("QUEUE"), .text("TYPE"), .text("ACTOR"), .text("SENT"), .number("CAUGHT"), .text("BY"), .text("MADE"),
                        .text("LIFTED"), .long("REASON", least: 12))
                    for skip in skips {
                        table.add(
                            Table.Cell("\(skip.id)"), Table.Cell(skip.conditions.queue), Table.Cell(skip.conditions.type ?? "any"),
                            Table.Cell(skip.conditions.actor ?? "any"), Table.Cell(skip.conditions.time),
                            Table.Cell(Quantity.count(Int(skip.caught))),
                            Table.Cell(skip.by), Table.Cell(Moment(skip.at).ago), Table.Cell(skip.liftedAt.map { Moment($0).ago } ?? "in force"),
                            Table.Cell(skip.reason))
                    }
                    table.print()
                }
                guard !skips.isEmpty else { throw NothingFound("there are no skip rules") }
            }
        }
    }

    struct Lift: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End a rule. Messages that it has caught stay rejected.")

        @Argument(help: "Rule id, from `skip list`.") var id: String
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                guard let id = Int64(self.id) else { throw NothingFound("no rule \(self.id.onOneLine)") }
                try await context.withDatabase { pool in
                    try await Skips(pool: pool).lift(id, by: try await context.actor(for: .skip, in: pool))
                }
                print("rule \(id) is lifted")
            }
        }
    }
}

extension Skip.Conditions {
    /// Its time range, for people.
    var time: String {
        switch (self.since, self.until) {
        case (nil, nil): "any time"
        case (let since?, nil): "since \(Timestamp.string(since))"
        case (nil, let until?): "until \(Timestamp.string(until))"
        case (let since?, let until?): "\(Timestamp.string(since)) to \(Timestamp.string(until))"
        }
    }
}
