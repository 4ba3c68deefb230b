public import ArgumentParser
import Conveyor
import Glibc

/// `conveyor people …`
struct PeopleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "people", abstract: "Manage the operators' accounts and roles.",
        discussion: """
            A viewer sees everything but payloads. An operator also sees payloads, replays, edits, discards, pauses, skips, sends and runs schedules. An \
            admin also manages people. On the command line, too, the role of the person named by CONVEYOR_OPERATOR holds.
            """,
        subcommands: [Add.self, Set.self, Remove.self, List.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a person and print a one-time sign-in link (valid for 24 hours).")

        @Argument(help: "1 to 40 of A-Z, a-z, 0-9, . _ @ -") var name: String
        @Option(help: "viewer, operator or admin.") var role: Role
        @Flag(help: "Read a password from standard input instead of printing a link.") var password = false
        @OptionGroup var options: PartOptions

        func validate() throws {
            guard Person.isName(self.name) else { throw ValidationError("a name is 1 to 40 of A-Z, a-z, 0-9 and . _ @ -") }
        }

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                try await context.withDatabase { pool in
                    let actor = try await context.actor(for: .managePeople, in: pool)
                    let password = self.password ? try PasswordPrompt.read() : nil
                    let (isAdded, secret) = try await People(pool: pool).add(self.name, role: self.role, password: password, by: actor)
                    guard isAdded else { throw NothingFound("\(self.name) exists already; change it with conveyor people set") }
                    print(try secret.map { try ConsoleAddress(context.settings).link($0) } ?? "\(self.name) can sign in as \(self.role.rawValue)")
                }
            }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a person's role or password, or print a new one-time link.",
            discussion: "Takes effect at once: a new role with the next request; a new password ends open sessions.")

        @Argument(help: "Name of the person.") var name: String
        @Option(help: "viewer, operator or admin.") var role: Role?
        @Flag(help: "Read a password from standard input.") var password = false
        @Flag(help: "Print a one-time sign-in link (valid for 24 hours).") var link = false
        @OptionGroup var options: PartOptions

        func validate() throws {
            guard self.role != nil || self.password || self.link else { throw ValidationError("name --role, --password or --link") }
        }

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                try await context.withDatabase { pool in
                    let actor = try await context.actor(for: .managePeople, in: pool)
                    let password = self.password ? try PasswordPrompt.read() : nil
                    let secret = try await People(pool: pool).set(self.name, role: self.role, password: password, link: self.link, by: actor)
                    print(try secret.map { try ConsoleAddress(context.settings).link($0) } ?? "\(self.name.onOneLine) is changed")
                }
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a person and end their sessions.")

        @Argument(help: "Name of the person.") var name: String
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                try await context.withDatabase { pool in
                    try await People(pool: pool).remove(self.name, by: try await context.actor(for: .managePeople, in: pool))
                }
                print("\(self.name.onOneLine) is removed")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List people with their role, sign-in method and last visit.")

        @Flag(help: "Print a JSON array.") var json = false
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                let people = try await context.withDatabase { try await People(pool: $0).list() }
                if self.json {
                    try Terminal.print(json: people)
                } else if !people.isEmpty {
                    var table = Table(.text("NAME"), .text("ROLE"), .text("SIGN-IN"), .text("ADDED"), .text("LAST SEEN"))
                    for person in people {
                        table.add(
                            Table.Cell(person.name, .bold), Table.Cell(person.role.rawValue),
                            Table.Cell(person.signIn.rawValue, person.signIn == .none ? .dim : .plain), Table.Cell(Moment(person.createdAt).ago),
                            Table.Cell(person.lastSeenAt.map { Moment($0).ago } ?? "never"))
                    }
                    table.print()
                }
                guard !people.isEmpty else { throw NothingFound("no people yet; add one with conveyor people add NAME --role admin") }
            }
        }
    }
}

extension Role: ExpressibleByArgument {}

/// A new password: typed without echo in a terminal, else one line of standard input.
enum PasswordPrompt {
    /// - Throws: `ValidationError` if it is missing or not accepted.
    static func read() throws -> String {
        let text = isatty(STDIN_FILENO) == 1 ? getpass("Password: ").map { String(cString: $0) } : readLine()
        guard let text else { throw ValidationError("no password on standard input") }
        if let problem = Person.problem(ofPassword: text) { throw ValidationError(problem) }
        return text
    }
}
