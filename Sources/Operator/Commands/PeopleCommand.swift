import ArgumentParser
import Glibc
import Kit

/// `conveyor people …`
struct PeopleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "people", abstract: "Operators' accounts: who may sign in at the console, and what each may do.",
        discussion: """
            A viewer sees everything but payloads. An operator also sees payloads, replays, edits, discards, pauses, skips, sends and runs schedules. An \
            admin also manages people. On the command line, too, the role of the person named by CONVEYOR_OPERATOR holds.
            """,
        subcommands: [Add.self, Set.self, Remove.self, List.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Adds a person and prints a link, good once and for 24 hours, to sign in with.")

        @Argument(help: "1 to 40 of A-Z, a-z, 0-9, . _ @ -") var name: String
        @Option(help: "viewer, operator or admin.") var role: Role
        @Flag(help: "Read a password, one line, instead of printing a link.") var password = false
        @OptionGroup var options: PartOptions

        func validate() throws {
            guard Person.isName(self.name) else { throw ValidationError("a name is 1 to 40 of A-Z, a-z, 0-9 and . _ @ -") }
        }

        func run() async throws {
            try await Desk.open(self.options) { desk in
                try await desk.withDatabase { pool in
                    let actor = try await desk.actor(for: .managePeople, in: pool)
                    let password = self.password ? try PasswordPrompt.read() : nil
                    let (isAdded, secret) = try await People(pool: pool).add(self.name, role: self.role, password: password, by: actor)
                    guard isAdded else { throw NothingFound("there is a person \(self.name) already; see conveyor people set") }
                    print(try secret.map { try ConsoleAddress(desk.settings).link($0) } ?? "\(self.name) can sign in as \(self.role.rawValue)")
                }
            }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Changes a person's role or password, or prints another one-time link.",
            discussion: "It counts at once: another role from the next request on, another password ends the sessions that are open.")

        @Argument(help: "The person.") var name: String
        @Option(help: "viewer, operator or admin.") var role: Role?
        @Flag(help: "Read a password, one line.") var password = false
        @Flag(help: "Print a link, good once and for 24 hours, to sign in with and choose a password.") var link = false
        @OptionGroup var options: PartOptions

        func validate() throws {
            guard self.role != nil || self.password || self.link else { throw ValidationError("name --role, --password or --link") }
        }

        func run() async throws {
            try await Desk.open(self.options) { desk in
                try await desk.withDatabase { pool in
                    let actor = try await desk.actor(for: .managePeople, in: pool)
                    let password = self.password ? try PasswordPrompt.read() : nil
                    let secret = try await People(pool: pool).set(self.name, role: self.role, password: password, link: self.link, by: actor)
                    print(try secret.map { try ConsoleAddress(desk.settings).link($0) } ?? "\(self.name.onOneLine) is changed")
                }
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Removes a person and ends their sessions.")

        @Argument(help: "The person.") var name: String
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await Desk.open(self.options) { desk in
                try await desk.withDatabase { pool in
                    try await People(pool: pool).remove(self.name, by: try await desk.actor(for: .managePeople, in: pool))
                }
                print("\(self.name.onOneLine) is removed")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the people, their roles, how they sign in and when they were last seen.")

        @Flag(help: "Print a JSON array.") var json = false
        @OptionGroup var options: PartOptions

        func run() async throws {
            try await Desk.open(self.options) { desk in
                let people = try await desk.withDatabase { try await People(pool: $0).list() }
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
                guard !people.isEmpty else { throw NothingFound("there is nobody yet: conveyor people add NAME --role admin") }
            }
        }
    }
}

extension Role: ExpressibleByArgument {}

/// A new password: asked for without an echo in a terminal, else one line of standard input.
enum PasswordPrompt {
    /// - Throws: `ValidationError`: there is none, or it is not taken.
    static func read() throws -> String {
        let text = isatty(STDIN_FILENO) == 1 ? getpass("Password: ").map { String(cString: $0) } : readLine()
        guard let text else { throw ValidationError("there is no password on standard input") }
        if let problem = Person.problem(ofPassword: text) { throw ValidationError(problem) }
        return text
    }
}
