import ArgumentParser
import Conveyor
import FoundationEssentials
import Glibc
import Postgres

extension DeadCommand {
    /// `conveyor dead replay`
    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send dead letters to their queues again, once or in bulk.",
            discussion: """
                One id is sent at once. Several are a job with a fixed list: dead letters that do not decode stay open, and a canary goes first. If the canary dies \
                again, the job stops. `dead resume` continues a stopped or killed job. A job of more than ten has a canary of one unless its queue is paused; \
                --canary 0 turns it off. For payloads with the same mistake, repair one with --edit, then the others with --like.
                """)

        @Argument(help: "Ids of dead letters or of their messages.") var ids: [String] = []
        @Option(help: "All open dead letters of this cause.") var group: String?
        @Option(help: "All open dead letters of this queue.") var queue: String?
        @Option(
            help: ArgumentHelp(
                "File with the repaired payload of one dead letter; - for standard input. The new message gets its own id and closes the dead letter for good.",
                valueName: "file"))
        var edit: String?
        @Option(
            help: ArgumentHelp(
                "Repair each payload as this dead letter was edited. Those that the change does not fit stay open.",
                valueName: "id"))
        var like: String?
        @Option(help: ArgumentHelp("Messages per second, e.g. 50 or 50/s (default: no limit).", valueName: "rate"))
        var rate: Rate?
        @Option(help: ArgumentHelp("Replay this many first; continue only if they succeed.", valueName: "count")) var canary: Int?
        @Flag(help: "Also send messages older than the inbox remembers; they may have taken effect already.") var force = false
        @Flag(help: "Only show what would happen.") var dryRun = false
        @Flag(help: "Do not ask for confirmation.") var yes = false
        @Flag(help: "Print a JSON object.") var json = false
        @OptionGroup var options: PartOptions

        func validate() throws {
            let kinds = (self.ids.isEmpty ? 0 : 1) + (self.group == nil ? 0 : 1) + (self.queue == nil ? 0 : 1)
            // A group belongs to one queue.
            guard kinds == 1 else { throw ValidationError("name ids, or --group, or --queue") }
            if self.edit != nil {
                guard self.ids.count == 1 else { throw ValidationError("--edit is for one id") }
            }
            if self.like != nil {
                guard self.edit == nil, self.rate == nil, self.canary == nil else {
                    throw ValidationError("--like goes without --edit, --rate and --canary")
                }
            }
            guard self.canary ?? 0 >= 0 else { throw ValidationError("--canary is not negative") }
        }

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                if let queue { try context.check(queue: queue) }
                let ids = try self.ids.map { try ID(named: $0, of: "dead letter") }
                let payload = try self.edit.map { try Self.read($0) }
                try await context.withDatabase { pool in
                    let actor = try await context.actor(for: .replay, in: pool)
                    if let like {
                        try await self.repair(ids, like: try ID(named: like, of: "dead letter"), actor, pool, context)
                    } else if ids.count == 1 {
                        try await self.replayOne(ids[0], editedTo: payload, actor, pool, context)
                    } else {
                        try await self.replayMany(ids, actor, pool, context)
                    }
                }
            }
        }

        private func withActs(
            _ actor: String, _ pool: PostgresPool, _ context: CommandContext, _ body: (DeadLetterActs) async throws -> Void
        ) async throws {
            try await context.withPublisher { try await body(context.acts(pool, $0, by: actor)) }
        }

        private static func read(_ path: String) throws -> [UInt8] {
            do {
                return path == "-" ? StandardStreams.read() : Array(try Data(contentsOf: URL(filePath: path)))
            } catch {
                throw ValidationError("\(path) cannot be read")
            }
        }

        private struct Sent: Encodable {
            var id: ID
            var messageID: ID
            var queue: String
            var status: DeadStatus
            enum CodingKeys: String, CodingKey {
                case id
                case messageID = "message_id"
                case queue, status
            }
        }

        private func replayOne(_ id: ID, editedTo payload: [UInt8]?, _ actor: String, _ pool: PostgresPool, _ context: CommandContext) async throws {
            guard let detail = try await context.deadLetters(pool).find(id) else { throw NothingFound("no dead letter \(id)") }
            if self.dryRun {
                if let payload {
                    try Terminal.print(json: try Edit(of: detail, payload: payload, by: context.application).patch)
                } else {
                    try self.printPlan(try await ReplayPlan.of([detail.letter.id], in: context.deadLetters(pool)))
                }
                return
            }
            try await self.withActs(actor, pool, context) { acts in
                if let payload {
                    let (letter, message) = try await acts.replay(detail.letter.id, editedTo: payload, force: self.force)
                    try self.report(letter, message)
                } else {
                    try self.report(detail.letter, try await acts.replay(detail.letter.id, force: self.force).messageID)
                }
            }
        }

        private func report(_ letter: DeadLetter, _ message: ID) throws {
            if self.json {
                try Terminal.print(json: Sent(id: letter.id, messageID: message, queue: letter.queue, status: .replayed))
            } else {
                print("sent to \(letter.queue) as message \(message); follow it: \(TypedCommand.text("trace \(message)"))")
            }
        }

        // MARK: Bulk replay

        private func replayMany(_ named: [ID], _ actor: String, _ pool: PostgresPool, _ context: CommandContext) async throws {
            let store = context.deadLetters(pool)
            let selection: ReplayJob.Selection
            var plan: ReplayPlan
            if named.isEmpty {
                let filter = DeadLetterFilter(queue: self.queue, group: self.group)
                if let group, try await store.count(DeadLetterFilter(group: group)) == 0 { throw NothingFound("no group \(group.onOneLine)") }
                selection = ReplayJob.Selection(filter: filter)
                plan = try await ReplayPlan.of(filter, in: store)
            } else {
                var ids: [ID] = []
                for id in named {
                    guard let letter = try await store.find(id)?.letter else { throw NothingFound("no dead letter \(id)") }
                    ids.append(letter.id)
                }
                selection = ReplayJob.Selection(ids: ids.count)
                // Dead letters named one by one are replayed exactly as named.
                plan = try await ReplayPlan.of(ids, in: store).takingUndecodable()
            }
            if self.force { plan = plan.takingForgotten() }
            guard !plan.letters.isEmpty else { throw NothingFound("no open dead letter matches") }
            if self.dryRun {
                try self.printPlan(plan)
                return
            }
            if !self.json { self.show(plan) }
            guard plan.wouldRun + plan.alreadyApplied > 0 else {
                throw NothingFound(
                    plan.forgotten > 0
                        ? "none of them is sent: \(Retention.forgotten)" : "none of them would succeed: edit or discard them")
            }
            if Terminal.canAsk, !self.yes {
                guard Terminal.ask("Send \(Quantity.count(plan.wouldRun + plan.alreadyApplied, "message"))?") else { throw ExitCode(1) }
            }
            let canary = try await self.canary(for: plan, pool)
            try await self.withActs(actor, pool, context) { acts in
                let id = try await ReplayJobStore(pool: pool).create(
                    plan, selection: selection, rate: self.rate?.perSecond, canary: canary, actor: actor)
                // An operator who interrupts the job needs its id to resume it.
                if !self.json { Terminal.note("job \(id)") }
                try await Self.run(id, acts, isCanaryBinding: self.canary != nil, json: self.json)
            }
        }

        /// No default canary for a few dead letters, or while the queue is paused.
        private func canary(for plan: ReplayPlan, _ pool: PostgresPool) async throws -> Int {
            if let canary { return min(canary, plan.wouldRun) }
            guard plan.wouldRun > 10 else { return 0 }
            let paused = try await pool.query(
                """
                select exists (select from dead_letters d join queue_controls c on c.queue = d.queue and c.paused where d.id = $1)
                """, plan.letters[0].id
            ).decode(Bool.self).first
            return paused == true ? 0 : 1
        }

        private struct PlanBody: Encodable {
            struct Reason: Encodable {
                var reason: String
                var count: Int
            }
            var total: Int
            var wouldRun: Int
            var alreadyApplied: Int
            var doesNotDecode: Int
            var forgotten: Int
            var reasons: [Reason]
            enum CodingKeys: String, CodingKey {
                case total
                case wouldRun = "would_run"
                case alreadyApplied = "already_applied"
                case doesNotDecode = "does_not_decode"
                case forgotten, reasons
            }
        }

        private func printPlan(_ plan: ReplayPlan) throws {
            guard self.json else {
                self.show(plan)
                return
            }
            try Terminal.print(
                json: PlanBody(
                    total: plan.letters.count, wouldRun: plan.wouldRun, alreadyApplied: plan.alreadyApplied, doesNotDecode: plan.doesNotDecode,
                    forgotten: plan.forgotten, reasons: plan.reasons.map { .init(reason: $0.reason, count: $0.count) }))
        }

        private func show(_ plan: ReplayPlan) {
            print("\(Quantity.count(plan.letters.count, "dead letter")):")
            var fields = FieldList()
            fields.add("would run", Quantity.count(plan.wouldRun), plan.wouldRun > 0 ? .green : .dim)
            fields.add("already applied", Quantity.count(plan.alreadyApplied) + ", would change nothing", plan.alreadyApplied > 0 ? .plain : .dim)
            fields.add("do not decode", Quantity.count(plan.doesNotDecode) + ", stay behind", plan.doesNotDecode > 0 ? .yellow : .dim)
            if plan.forgotten > 0 { fields.add("too old", Quantity.count(plan.forgotten) + ", stay behind unless --force", .yellow) }
            fields.print()
            for reason in plan.reasons.prefix(5) { print("    \(Quantity.count(reason.count)) × \(reason.reason.onOneLine)") }
        }
    }
}
