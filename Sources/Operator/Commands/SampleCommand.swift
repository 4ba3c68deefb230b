import ArgumentParser
import FoundationEssentials
import Identity
import Kit
import Postgres
import RabbitMQ
import Shop

/// `conveyor sample load`
struct SampleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample", abstract: "A sample shop, for trying and measuring.", subcommands: [Load.self])

    struct Load: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes products and users through the queues, as a frontend would. Said twice, it changes nothing.")

        @OptionGroup var options: PartOptions
        @Option(help: "Products to have.") var products = 40
        @Option(help: "Users to have, beside the administrator.") var users = 10
        @Option(help: "Units of each new product.") var stock = 1000
        @Option(help: "Where to write a bearer token a user, one a line.") var tokensFile: String?
        @Option(help: "Where to write the products' ids, one a line.") var productsFile: String?

        func validate() throws {
            guard 0...1_000_000 ~= self.products, 0...1_000_000 ~= self.users, 0...1_000_000_000 ~= self.stock else {
                throw ValidationError("--products and --users are 0 to 1000000, --stock 0 to 1000000000")
            }
        }

        func run() async throws {
            try await Desk.open(self.options) { desk in
                guard try desk.settings.environment() != .production else {
                    throw SettingError(name: "ENVIRONMENT", reason: "is production: the sample's passwords are known to everybody")
                }
                let currency = desk.settings.string("CURRENCY", default: "usd")
                let hash = try await PasswordHasher().hash(SampleShop.password)
                let categories = SampleShop.createCategories()
                let products = SampleShop.createProducts(self.products, stock: self.stock, currency: currency)
                let users = SampleShop.registerUsers(self.users, passwordHash: hash)

                try await desk.withDatabase { pool in
                    try await desk.withPublisher { publisher in
                        let intake = SampleIntake(publisher: publisher, pool: pool)
                        try await intake.send(categories)
                        try await intake.send(products)
                        try await intake.send(users)
                    }
                    // The one account that no message can raise: see `conveyor users create-superuser`.
                    try await pool.query("update users set is_superuser = true where id = $1 and not is_superuser", SampleShop.admin)
                }
                if let productsFile { try Self.write(products.map(\.id.description), to: productsFile) }
                if let tokensFile {
                    let tokens = try await DevelopmentTokens(settings: desk.settings)
                    var lines: [String] = []
                    for user in users.dropFirst() { lines.append(try await tokens.make(user.id)) }
                    try Self.write(lines, to: tokensFile)
                }
                print("\(categories.count) categories, \(products.count) products, \(users.count) users")
                print("sign in as \(SampleShop.adminEmail) or user1@example.com … with the password: \(SampleShop.password)")
            }
        }

        private static func write(_ lines: [String], to path: String) throws {
            try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: path), options: .atomic)
        }
    }
}

/// Publishes the sample's commands and waits until the workers have handled them all.
private struct SampleIntake {
    let publisher: Publisher
    let pool: PostgresPool

    private static let handled: Statement = "select count(distinct message_id) from inbox where message_id = any($1::uuid[])"

    func send<Payload: Command>(_ entries: [SampleShop.Entry<Payload>]) async throws {
        for start in stride(from: 0, to: entries.count, by: 500) {
            let window = entries[start..<min(entries.count, start + 500)]
            let outgoing = try window.map { entry in
                try Outgoing(
                    entry.payload,
                    envelope: Envelope(
                        messageID: entry.id, type: Payload.type, actor: "operator:sample", schema: Payload.schema, sentAt: Clock.milliseconds()),
                    appID: "conveyor")
            }
            if let failure = await self.publisher.publish(outgoing).compactMap({ $0 }).first {
                throw Unavailable("broker: \(Payload.type) was not taken (\(failure))")
            }
        }
        let ids = entries.map(\.id)
        let deadline = ContinuousClock.now + .seconds(60) + .milliseconds(entries.count * 10)
        while true {
            let count = try await self.pool.query(Self.handled, ids).decode(Int64.self).first ?? 0
            if count == ids.count { return }
            guard ContinuousClock.now < deadline else {
                throw Unavailable("\(Payload.type): \(count) of \(ids.count) handled; is the worker running?")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
