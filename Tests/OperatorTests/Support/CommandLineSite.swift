import Conveyor
import Fixtures

/// The command line as an operator uses it: the built executable, one process per call.
struct CommandLineSite: OperatorSite {
    static let secretKey = "a-secret-key-of-the-tests-of-64-bytes-that-nobody-else-ever-uses"

    let database: TestDatabase
    let host: VirtualHost

    /// The result of a call.
    struct Call: Sendable {
        var status: Int32
        var output: String
        var error: String

        /// Its JSON output.
        var json: JSONValue { get throws { try JSON.decode(from: Array(self.output.utf8)) } }
        /// The objects of a listing.
        var rows: [JSONValue] { get throws { try self.json.array } }
        /// One text of each.
        func column(_ name: String) throws -> [String] { try self.rows.map { $0[name].string ?? "" } }
        /// The one line on standard error, `conveyor: …`.
        var complaint: String? {
            self.error.hasPrefix("conveyor: ") && self.error.filter { $0 == "\n" }.count == 1 ? String(self.error.dropFirst(10).dropLast()) : nil
        }
    }

    /// The owner's settings, as in `.local/env`.
    var settings: [String: String] {
        [
            "DATABASE_URL": self.database.url, "AMQP_URL": self.host.amqpURL, "RABBITMQ_API": self.host.apiURL, "SECRET_KEY": Self.secretKey,
            "CONVEYOR_OPERATOR": "ada", "START_TIMEOUT": "60",
        ]
    }

    /// Of a worker.
    func settings(of worker: String) -> [String: String] { self.settings.merging(["DATABASE_URL": self.database.url(as: worker)]) { $1 } }

    /// Starts a call.
    /// - Parameter more: additional settings of this call; an empty value removes one.
    func start(_ arguments: [String], input: String? = nil, _ more: [String: String] = [:]) throws -> ChildProcess {
        try ChildProcess(
            Repository.executable("conveyor"), arguments, environment: self.settings.merging(more) { $1 }.filter { !$0.value.isEmpty },
            inherits: false, input: input)
    }

    /// Runs a call to its end.
    func conveyor(_ arguments: String..., input: String? = nil, settings more: [String: String] = [:]) async throws -> Call {
        try await self.conveyor(arguments, input: input, settings: more)
    }

    /// Runs a call to its end.
    func conveyor(_ arguments: [String], input: String? = nil, settings more: [String: String] = [:]) async throws -> Call {
        let process = try self.start(arguments, input: input, more)
        guard case .status(let status) = try await process.waitForExit(within: .seconds(120)) else {
            throw FixtureError("conveyor \(arguments.joined(separator: " ")) was killed\n\(process.output)")
        }
        return Call(status: status, output: process.standardOutput, error: process.standardError)
    }
}

/// A shop's database and virtual host for this test alone.
func withCommandLine<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: (CommandLineSite) async throws -> Result
) async throws -> Result {
    try await withDatabase { database in
        try await withVirtualHost { host in
            try await host.declareShop()
            return try await body(CommandLineSite(database: database, host: host))
        }
    }
}

extension JSONValue {
    /// The members that an object lacks; none is expected.
    func lacks(_ names: String) -> [String] {
        names.split(separator: ",").map { $0.filter { $0 != " " } }.filter { self.members[$0] == nil }
    }
}
