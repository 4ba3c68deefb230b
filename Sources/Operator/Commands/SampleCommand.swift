import ArgumentParser
import Conveyor
import ConveyorOperator
import FoundationEssentials
import Identity
import Postgres
import RabbitMQ
import Shop

/// `conveyor sample load`
struct SampleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample", abstract: "Load a sample shop to try things or measure.", subcommands: [Load.self])

    struct Load: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create products and users through the queues, as a frontend would. A second run changes nothing.")

        @OptionGroup var options: PartOptions
        @Option(help: "Number of products.") var products = 40
        @Option(help: "Number of users, besides the administrator.") var users = 10
        @Option(help: "Stock of each new product.") var stock = 1000
        @Option(help: "File for the bearer tokens, one line per user.") var tokensFile: String?
        @Option(help: "File for the product ids, one per line.") var productsFile: String?

        func validate() throws {
            guard 0...1_000_000 ~= self.products, 0...1_000_000 ~= self.users, 0...1_000_000_000 ~= self.stock else {
                throw ValidationError("--products and --users are 0 to 1000000, --stock 0 to 1000000000")
            }
        }

        func run() async throws {
            try await CommandContext.open(self.options) { context in
                guard try context.settings.environment() != .production else {
                    throw SettingError(name: "ENVIRONMENT", reason: "is production: the passwords of the sample are public")
                }
                let currency = try context.settings.currency()
                let hash = try await PasswordHasher().hash(SampleShop.password)
                let categories = SampleShop.createCategories()
                let products = SampleShop.createProducts(self.products, stock: self.stock, currency: currency)
                let users = SampleShop.registerUsers(self.users, passwordHash: hash)

                try await context.withDatabase { pool in
                    _ = try await context.actor(for: .administer, in: pool)
                    try await context.withPublisher { publisher in
                        let sender = CommandSender(publisher: publisher, pool: pool, actor: "operator:sample")
                        try await Self.send(categories, sender, "categories")
                        try await Self.send(products, sender, "products")
                        try await Self.send(users, sender, "users")
                    }
                    // No message can create a superuser: see `conveyor users create-superuser`.
                    try await pool.query("update users set is_superuser = true where id = $1 and not is_superuser", SampleShop.admin)
                    if let tokensFile { try await Self.writeTokens(of: users.dropFirst().map(\.id), to: tokensFile, pool, context.settings) }
                }
                if let productsFile { try Self.write(products.map(\.id.description), to: productsFile) }
                print("\(categories.count) categories, \(products.count) products, \(users.count) users")
                print("sign in as \(SampleShop.adminEmail) or user1@example.com … with the password: \(SampleShop.password)")
            }
        }

        private static func send<Payload: Command>(
            _ entries: [SampleShop.Entry<Payload>], _ sender: CommandSender, _ what: String
        ) async throws {
            let line = ProgressLine(what)
            defer { line.end() }
            let outcomes = try await sender.send(entries.map { ($0.id, $0.payload) }) { line.show($0, of: entries.count) }
            let undecided = outcomes.values.count { $0 == .undecided }
            guard undecided == 0 else {
                throw Unavailable("\(Payload.type): \(entries.count - undecided) of \(entries.count) handled; is the worker running?")
            }
        }

        private static let epochs: Statement = "select id, token_epoch from users where id = any($1)"

        /// One token per account, in order.
        private static func writeTokens(of accounts: [ID], to path: String, _ pool: PostgresPool, _ settings: Settings) async throws {
            let tokens = try DevelopmentTokens(settings: settings)
            let epochs = Dictionary(uniqueKeysWithValues: try await pool.query(self.epochs, accounts).decode((ID, Int32).self).map { ($0.0, $0.1) })
            var lines: [String] = []
            for account in accounts { lines.append(try tokens.make(account, epoch: Int(epochs[account] ?? 0))) }
            try self.write(lines, to: path)
        }

        private static func write(_ lines: [String], to path: String) throws {
            try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: URL(filePath: path), options: .atomic)
        }
    }
}
