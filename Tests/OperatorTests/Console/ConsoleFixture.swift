import Fixtures

@testable import ConveyorOperator
@testable import Operator

/// A console with its own database and virtual host; no worker runs, so replayed messages stay in their queue.
struct ConsoleFixture: OperatorSite {
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

    /// A signed-in client.
    func signedIn(name: String = "ada") async throws -> WebClient {
        let client = try WebClient(base: self.base)
        let page = try await client.signIn(token: Self.token, name: name)
        guard page.status == 303 else { throw FixtureError("not signed in: \(page.status)\n\(page.text)") }
        return client
    }

    /// Adds a person whose password is ``RolesTests/password``.
    func addPerson(_ name: String, role: Role) async throws {
        let call = try await CommandLineSite(database: self.database, host: self.host).conveyor(
            "people", "add", name, "--role", role.rawValue, "--password", input: RolesTests.password + "\n", settings: ["CONVEYOR_OPERATOR": "owner"])
        guard call.status == 0 else { throw FixtureError("no person \(name): \(call.error)") }
    }

    /// A client that is signed in with a person's password.
    func signedIn(as name: String, password: String) async throws -> WebClient {
        let client = try WebClient(base: self.base)
        let form = try await client.get("/login")
        let page = try await client.post(
            "/login", [("csrf_token", form.hidden("csrf_token") ?? ""), ("name", name), ("password", password)])
        guard page.status == 303 else { throw FixtureError("not signed in: \(page.status)\n\(page.text)") }
        return client
    }

    /// Runs the console while `body` runs; it must then end with status 0.
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

/// A few at a time: each console has its own connections, and the tests' server accepts a hundred.
private let turns = Turns(4)

/// Prepares a console without starting it.
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
