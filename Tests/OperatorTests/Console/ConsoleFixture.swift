import Fixtures
import RabbitMQ
import Transfer

/// A console that runs on a database and a virtual host of its own; no worker does, so what is replayed stays in its queue.
struct ConsoleFixture: Sendable {
    static let token = "0f9c3a71be0d4c52a8d1"

    let database: TestDatabase
    let host: VirtualHost
    let port: Int

    var base: String { "http://127.0.0.1:\(self.port)" }

    var settings: [String: String] {
        [
            "DATABASE_URL": self.database.url(as: "recorder"), "AMQP_URL": self.host.amqpURL, "RABBITMQ_API": self.host.apiURL,
            "CONSOLE_PORT": String(self.port), "CONSOLE_TOKEN": Self.token,
        ]
    }

    /// A client that is signed in.
    func signedIn(name: String = "ada") async throws -> WebClient {
        let client = try WebClient(base: self.base)
        let page = try await client.signIn(token: Self.token, name: name)
        guard page.status == 303 else { throw FixtureError("not signed in: \(page.status)\n\(page.text)") }
        return client
    }

    /// Puts a dead letter where the recorder would have put it.
    /// - Returns: its id.
    @discardableResult
    func addDeadLetter(
        queue: String = "orders", type: String = "orders.cancel", group: String = "g1", error: String = "no stock", payload: String = "{}",
        minutesAgo: Int = 1
    ) async throws -> String {
        let quoted = { (text: String) in "'" + text.replacing("'", with: "''") + "'" }
        let id = try await self.database.value(
            """
            with m as (select gen_random_uuid() id, gen_random_uuid() message_id)
            insert into dead_letters
                (id, message_id, correlation_id, attempts, first_failed_at, last_failed_at, queue, type, error_type, error, "group", properties, headers, payload)
            select id, message_id, message_id, 6, now() - interval '\(minutesAgo + 1) minutes', now() - interval '\(minutesAgo) minutes',
                   \(quoted(queue)), \(quoted(type)), 'attempts_exhausted', \(quoted(error)), \(quoted(group)),
                   json_build_object('message_id', message_id, 'type', \(quoted(type)), 'correlation_id', message_id, 'content_type', 'application/json'),
                   '{"actor": "system", "schema": 1, "attempt": 6}', convert_to(\(quoted(payload)), 'UTF8')
            from m returning id
            """)
        guard let id else { throw FixtureError("no dead letter was made") }
        return id
    }

    /// How a dead letter stands.
    func status(of id: String) async throws -> String? { try await self.database.value("select status from dead_letters where id = '\(id)'") }

    /// What the audit log says of a subject, oldest first: who, what and why.
    func audit(of subject: String) async throws -> [[String?]] {
        try await self.database.psql("select actor, act, reason from audit_log where subject = '\(subject)' order by id")
    }

    /// The messages that wait in a queue.
    func waiting(in queue: String) async throws -> Int {
        let inspector = BrokerInspector(configuration: try BrokerConfiguration(urls: self.host.amqpURL, connectionName: "tests"))
        return Int(try await inspector.queue(queue)?.messages ?? 0)
    }

    /// Runs the console while `body` does; it must end in good order.
    func run<Result>(
        _ more: [String: String] = [:], isolation: isolated (any Actor)? = #isolation, _ body: (ChildProcess) async throws -> Result
    ) async throws -> Result {
        try await withPart("conveyor", self.settings.merging(more) { $1 }, arguments: ["console"], body)
    }
}

/// Runs a console.
func withConsole<Result>(
    _ more: [String: String] = [:], isolation: isolated (any Actor)? = #isolation, _ body: (ConsoleFixture) async throws -> Result
) async throws -> Result {
    try await withConsoleStopped { console in try await console.run(more) { _ in try await body(console) } }
}

/// A few at a time: each console has connections of its own, and a server of the tests takes a hundred.
private let turns = Turns(4)

/// Prepares all that a console needs, and starts none.
func withConsoleStopped<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: (ConsoleFixture) async throws -> Result
) async throws -> Result {
    try await turns.take {
        try await withDatabase { database in
            try await withVirtualHost { host in
                try await host.declareShop()
                return try await body(ConsoleFixture(database: database, host: host, port: try Port.free()))
            }
        }
    }
}
