import ArgumentParser
import Conveyor
import FoundationEssentials
import Shop
import Topology

/// `conveyor new worker NAME`
struct NewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Add to the sources of the shop.", subcommands: [Worker.self])

    struct Worker: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a worker with a queue of its own: its entry, its folder, its target and a first test.",
            discussion: """
                Run it anywhere in a checkout of Conveyor. It writes the entry in topology/parts.yaml, the folder in Workers/, the target in \
                Package.swift and a test in Tests/WorkersTests/; all else that a worker has follows from these. It overwrites nothing.
                """)

        @Argument(help: "The worker's name, which is its queue's: lower-case letters, e.g. loyalty.") var name: String

        func run() throws {
            do {
                let scaffold = try WorkerScaffold(name: self.name, tree: SourceTree.containing(FileManager.default.currentDirectoryPath))
                try scaffold.write()
                print(scaffold.report)
            } catch let error as WorkerScaffold.Refusal {
                throw ValidationError(error.description)
            }
        }
    }
}

/// A checkout of Conveyor.
struct SourceTree {
    let root: URL

    /// The checkout that a folder is in.
    /// - Throws: `WorkerScaffold.Refusal` if it is in none.
    static func containing(_ folder: String) throws(WorkerScaffold.Refusal) -> SourceTree {
        var url = URL(filePath: folder, directoryHint: .isDirectory)
        while true {
            let tree = SourceTree(root: url)
            if tree.exists("Package.swift"), tree.exists("topology/parts.yaml"), tree.exists("Workers") { return tree }
            let parent = url.deletingLastPathComponent()
            guard parent.path.count < url.path.count else { throw .init("not in a checkout of Conveyor: no folder above has topology/parts.yaml") }
            url = parent
        }
    }

    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: self.url(path).path) }

    func url(_ path: String) -> URL { self.root.appending(path: path) }

    /// - Throws: `WorkerScaffold.Refusal` if it cannot be read.
    func read(_ path: String) throws(WorkerScaffold.Refusal) -> String {
        do { return try String(contentsOf: self.url(path), encoding: .utf8) } catch { throw .init("cannot read \(path)") }
    }
}

/// The files of a new worker.
struct WorkerScaffold {
    /// The reason for writing nothing.
    struct Refusal: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    private static let entries = "topology/parts.yaml"
    private static let package = "Package.swift"
    private static let mark = "        // `conveyor new worker NAME` adds its target above this line."

    private let name: String
    private let tree: SourceTree
    private let changed: [(path: String, text: String)]
    private let new: [(path: String, text: String)]

    /// - Throws: `Refusal` if there cannot be a worker with this name. Nothing is written yet.
    init(name: String, tree: SourceTree) throws(Refusal) {
        let package = try tree.read(Self.package)
        let entries = try tree.read(Self.entries)
        try Self.check(name, parts: Topology.parse(entries).map(\.name), package: package)
        guard package.contains("\n\(Self.mark)\n") else {
            throw Refusal("Package.swift lacks the line `\(Self.mark.drop { $0 == " " })`, above which the targets of the workers end")
        }
        let type = name.prefix(1).uppercased() + name.dropFirst()
        self.name = name
        self.tree = tree
        self.changed = [
            (Self.entries, entries + (entries.hasSuffix("\n") ? "" : "\n") + "\n\(name):\n  hears: []\n"),
            (Self.package, package.replacing("\n\(Self.mark)\n", with: "\n\(Self.target(type))\n\(Self.mark)\n")),
        ]
        self.new = [
            ("Workers/\(type)/\(type)Example.swift", Self.message(name, type)),
            ("Workers/\(type)/\(type)Worker.swift", Self.main(name, type)),
            ("Tests/WorkersTests/\(type)/\(type)Tests.swift", Self.test(name, type)),
        ]
        for file in self.new where tree.exists(file.path) { throw Refusal("\(file.path) exists already, and nothing is overwritten") }
    }

    /// Writes the new files first, so that a failure leaves a package that builds.
    func write() throws(Refusal) {
        for file in self.new + self.changed {
            let url = self.tree.url(file.path)
            do {
                try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(file.text.utf8).write(to: url, options: self.new.contains { $0.path == file.path } ? .withoutOverwriting : .atomic)
            } catch {
                throw Refusal("cannot write \(file.path)")
            }
        }
    }

    /// The files written, and the next steps.
    var report: String {
        (self.new.map { "new      \($0.path)" } + self.changed.map { "changed  \($0.path)" }).joined(separator: "\n") + """


            Next:
              ops/up                        builds it, makes its queue, its user and its role, and starts it
              echo '{"text":"hello"}' | conveyor send \(self.name).example -
              conveyor trace ID             shows what became of the message that the line before has printed
              ops/test \(self.name.prefix(1).uppercased() + self.name.dropFirst())Tests
              ops/generate                  before a commit: the manifests, topology/definitions.json and topology/asyncapi.yaml

            The events that it should hear, and the messages that it sends, belong into its entry in topology/parts.yaml.
            """
    }

    /// - Throws: `Refusal` with what to do.
    private static func check(_ name: String, parts: [String], package: String) throws(Refusal) {
        guard (2...20).contains(name.utf8.count), name.utf8.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }) else {
            throw Refusal("a worker's name has 2 to 20 lower-case letters and nothing else: queue, role, executable and manifests are named after it")
        }
        if parts.contains(name) { throw Refusal("there is a part \(name) already: see topology/parts.yaml") }
        if self.reserved.contains(name) { throw Refusal("\(name) is the name of something else in Conveyor; choose another one") }
        if self.keywords.contains(name) { throw Refusal("\(name) is a word of Swift and cannot name a module; choose another one") }
        if let type = MessageCatalogue.all.first(where: { $0.exchange == "events" && $0.type.hasPrefix(name + ".") }) {
            throw Refusal("\(name) is the first word of events such as \(type.type), so it cannot be the first word of commands; choose another one")
        }
        // Names of targets, products and their modules, which are case-insensitive on some file systems.
        if package.lowercased().contains("\"\(name)\"") || self.modules.contains(name) {
            throw Refusal("there is a module \(name) already; choose another name")
        }
    }

    /// Servers, exchanges, roles, settings files and containers.
    private static let reserved: Set<String> = [
        "admin", "amq", "commands", "common", "console", "conveyor", "dead", "demo", "epmd", "events", "ingress", "mail", "migrate", "operator",
        "order", "owner", "postgres", "prepare", "rabbitmq", "recorder", "retry", "return", "role", "settings", "supervisor", "system", "worker",
        "workers",
    ]

    /// Swift's keywords of lower-case letters, and the names of types that every file sees.
    private static let keywords: Set<String> = [
        "actor", "any", "as", "associatedtype", "async", "await", "break", "case", "catch", "class", "continue", "convenience", "default", "defer",
        "deinit", "do", "else", "enum", "extension", "fallthrough", "false", "fileprivate", "for", "func", "get", "guard", "if", "import", "in",
        "indirect", "infix", "init", "inout", "internal", "is", "lazy", "left", "let", "macro", "mutating", "nil", "none", "nonisolated",
        "nonmutating", "open", "operator", "optional", "override", "package", "postfix", "precedence", "precedencegroup", "prefix", "private",
        "protocol", "public", "repeat", "required", "rethrows", "return", "right", "self", "set", "some", "static", "struct", "subscript", "super",
        "switch", "throw", "throws", "true", "try", "type", "typealias", "unowned", "var", "weak", "where", "while", "willset", "didset",
        "array", "bool", "character", "dictionary", "double", "error", "float", "int", "never", "result", "sequence", "string", "task", "void",
    ]

    /// Modules that come with Swift or with the packages, and do not stand in Package.swift.
    private static let modules: Set<String> = [
        "algorithms", "atomics", "builtin", "collections", "dispatch", "distributed", "foundation", "glibc", "nio", "observation", "regexbuilder",
        "runtime", "swift", "synchronization", "testing", "xctest", "tests",
    ]
}

extension WorkerScaffold {
    private static func target(_ type: String) -> String {
        """
                .executableTarget(
                    name: "\(type)", dependencies: ["Conveyor", "Shop", "Postgres", .argumentParser], path: "Workers/\(type)"),
        """
    }

    private static func message(_ name: String, _ type: String) -> String {
        """
        import Conveyor
        import Postgres

        /// A first message, to be replaced. By its type it goes to the queue `\(name)`.
        struct \(type)Example: Command {
            static let type = "\(name).example"

            var text: String
        }

        struct \(type)ExampleHandler: MessageHandler {
            func handle(_ message: Received<\(type)Example, Void>, in transaction: Transaction) async throws -> Reply {
                // Can never work: a dead letter at once. What may work later throws `Transient`.
                guard !message.payload.text.isEmpty else { throw Poison(.invalidPayload, "text is empty") }
                // Takes effect once, however often the message is delivered: `transaction.enqueue("insert into …", message.payload.text)`
                return .done()
            }
        }

        """
    }

    private static func main(_ name: String, _ type: String) -> String {
        """
        import ArgumentParser
        import Conveyor
        import Shop

        @main
        struct \(type)Worker: AsyncParsableCommand {
            static let configuration = Part.configuration("\(name)-worker", "Consumes `\(name)`.", settings: .otherWorkers, of: .shop)

            @OptionGroup var options: PartOptions

            func run() async throws {
                try await WorkerPart.run(queue: "\(name)", of: .shop, options: self.options) { worker in
                    worker.handle(Self.handlers)
                }
            }

            /// The handlers of all consumed messages.
            static var handlers: [any Handler] { [\(type)ExampleHandler()] }
        }

        """
    }

    private static func test(_ name: String, _ type: String) -> String {
        """
        import Conveyor
        import ConveyorTesting
        import Testing

        @testable import \(type)

        @Suite struct \(type)Tests {
            @Test func `a message is handled once, however often it comes`() async throws {
                try await withHandlers(of: "\(name)", \(type)Worker.handlers) { worker in
                    let message = SentMessage(\(type)Example(text: "hello"))
                    #expect(try await worker.take([message])[0].reply.emits.isEmpty)
                    guard case .known = try await worker.take([message])[0] else {
                        Issue.record("it was handled again")
                        return
                    }
                }
            }

            @Test func `an empty text is a dead letter`() async throws {
                try await withHandlers(of: "\(name)", \(type)Worker.handlers) { worker in
                    guard case .dead(.invalidPayload, _) = try await worker.take([SentMessage(\(type)Example(text: ""))])[0] else {
                        Issue.record("it was not refused")
                        return
                    }
                }
            }
        }

        """
    }
}
