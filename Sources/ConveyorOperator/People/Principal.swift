import Conveyor
import FoundationEssentials
import Glibc
public import Postgres

/// The acting person and their role.
struct Principal: Sendable, Equatable {
    /// The person's name, or the login's.
    let name: String
    let role: Role

    /// The role does not allow an action: one line, exit 77, or `403`.
    struct Refused: Error, CustomStringConvertible {
        let name: String
        let role: Role
        let act: Act

        var description: String {
            "\(self.name) has the role \(self.role.rawValue); to \(self.act.name) takes the role \(self.act.least.rawValue)"
        }
    }

    /// Whether the role allows an action.
    func may(_ act: Act) -> Bool { self.role >= act.least }

    /// The actor in the audit log and in messages: `operator:<name>`.
    /// - Throws: if the role does not allow it.
    func require(_ act: Act) throws(Refused) -> String {
        guard self.may(act) else { throw Refused(name: self.name, role: self.role, act: act) }
        return Self.label(self.name)
    }

    /// `operator:<name>`
    static func label(_ name: String) -> String { "operator:" + name }

    /// The user of the command line: the person named by `CONVEYOR_OPERATOR`, else by the login, also behind sudo. A name without a person is the
    /// machine's owner, who has all rights.
    static func current(_ settings: Settings, in pool: PostgresPool) async throws -> Principal {
        let owner = self.owner(settings)
        do {
            if let person = try await People(pool: pool).find(owner.name) { return Principal(name: person.name, role: person.role) }
        } catch let error as PostgresError where error.sqlState == .undefinedTable {
            // Before the first migration there are no people.
        }
        return owner
    }

    /// As ``current(_:in:)``, where there are no people.
    static func owner(_ settings: Settings) -> Principal {
        let login = ProcessInfo.processInfo.environment["SUDO_USER"] ?? getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) }
        return Principal(name: self.cleaned(settings.string("CONVEYOR_OPERATOR") ?? login ?? "unknown"), role: .admin)
    }

    /// A name for headers and tables: short, and without invisible characters.
    static func cleaned(_ name: String) -> String {
        let visible = String(name.unicodeScalars.filter { $0.properties.generalCategory != .control && !$0.properties.isWhitespace }.prefix(64))
        return visible.isEmpty ? "unknown" : visible
    }
}

extension CommandContext {
    /// The user of the command line, for an action.
    /// - Throws: `Principal.Refused`.
    public func actor(for act: Act, in pool: PostgresPool) async throws -> String {
        try await Principal.current(self.settings, in: pool).require(act)
    }

    /// As ``actor(for:in:)``, for a command that needs no database. Without a reachable one there are no people.
    public func actor(for act: Act) async throws -> String {
        let owner = Principal.owner(self.settings)
        guard self.settings.isSet("DATABASE_URL") else { return try owner.require(act) }
        let pool = try PostgresPool(
            url: self.settings.databaseURL(), size: 1, applicationName: "conveyor", statementTimeout: .seconds(5), logger: self.logger)
        let isReachable = (try? await pool.waitUntilReachable(timeout: .seconds(2))) != nil
        let result: Result<String, any Error>
        do {
            result = .success(try await isReachable ? self.actor(for: act, in: pool) : owner.require(act))
        } catch {
            result = .failure(error)
        }
        await pool.close()
        return try result.get()
    }
}
