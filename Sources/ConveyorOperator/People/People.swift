import Conveyor
import Crypto
import FoundationEssentials
import Identity
import Postgres

/// An operator's account.
struct Person: Sendable, Encodable, Equatable {
    var name: String
    var role: Role
    /// The ways to sign in.
    var signIn: SignIn
    var createdAt: Date
    /// With a password at the console.
    var lastSeenAt: Date?

    enum SignIn: String, Sendable, Encodable {
        case password
        /// With an unused one-time link.
        case link
        /// Not at all, until there is a link or a password.
        case none
    }

    enum CodingKeys: String, CodingKey {
        case name, role
        case signIn = "sign_in"
        case createdAt = "created_at"
        case lastSeenAt = "last_seen_at"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.name, forKey: .name)
        try container.encode(self.role.rawValue, forKey: .role)
        try container.encode(self.signIn, forKey: .signIn)
        try container.encode(self.createdAt, forKey: .createdAt)
        try container.encode(self.lastSeenAt, forKey: .lastSeenAt)
    }

    /// Whether a name is allowed: 1 to 40 of `A–Z a–z 0–9 . _ @ -`.
    static func isName(_ text: String) -> Bool {
        (1...40).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: "._@-".utf8.contains(byte)
                }
            }
    }

    /// The reason for refusing a password; nil if it is acceptable.
    static func problem(ofPassword password: String) -> String? {
        password.count < 8 ? "a password needs at least 8 characters" : password.utf8.count > 1024 ? "a password has at most 1,024 bytes" : nil
    }
}

/// The operators' accounts. Each change applies to open sessions, too: they are looked up at each request.
struct People: Sendable {
    let pool: PostgresPool

    /// The time for which a one-time link is valid.
    static let linkLife: Double = 24 * 3600

    private static let columns = """
        p.name, p.role, case when p.password_hash is not null then 'password'
            when exists (select from sign_in_links l where l.person = p.name and l.expires_at > now()) then 'link' else 'none' end,
        p.created_at, p.last_seen_at
        """
    private static let list = Statement("select \(Self.columns) from people p order by lower(p.name)")
    private static let find = Statement("select \(Self.columns) from people p where lower(p.name) = lower($1)")
    private static let hash: Statement = "select name, password_hash from people where lower(name) = lower($1)"

    /// All of them, by name.
    func list() async throws -> [Person] { try await self.pool.query(Self.list).map(Self.person) }

    /// The person with a name, in any case; nil if there is none.
    func find(_ name: String) async throws -> Person? { try await self.pool.query(Self.find, name.withoutNUL).first.map(Self.person) }

    /// The name as created, and the hash of the password.
    func passwordHash(of name: String) async throws -> (name: String, hash: String?)? {
        try await self.pool.query(Self.hash, name.withoutNUL).decode((String, String?).self).first.map { ($0.0, $0.1) }
    }

    private static func person(_ row: Row) throws -> Person {
        Person(
            name: try row[0], role: Role(rawValue: try row[1]) ?? .viewer, signIn: Person.SignIn(rawValue: try row[2]) ?? .none,
            createdAt: try row[3], lastSeenAt: try row[4])
    }

    // MARK: Actions

    private static let insert: Statement = """
        insert into people (name, role, password_hash) values ($1, $2, $3) on conflict do nothing returning name
        """
    private static let update: Statement = """
        update people set role = coalesce($2, role), password_hash = coalesce($3, password_hash) where lower(name) = lower($1) returning name
        """
    private static let remove: Statement = "delete from people where lower(name) = lower($1) returning name"
    private static let endSessions: Statement = "delete from console_sessions where person = $1"
    private static let dropLinks: Statement = "delete from sign_in_links where person = $1"
    private static let addLink: Statement = """
        insert into sign_in_links (digest, person, expires_at) values ($1, $2, now() + $3 * interval '1 second')
        """

    /// Adds a person.
    /// - Parameter password: nil creates a link instead.
    /// - Returns: the secret of the link, if there is no password; nil if the name is taken.
    /// - Throws: `PasswordHasher.Failure`, `PostgresError`.
    func add(_ name: String, role: Role, password: String?, by actor: String) async throws -> (isAdded: Bool, secret: String?) {
        let hash = try await self.hashed(password)
        return try await self.pool.transaction { transaction in
            try await transaction.actAsRecorder()
            guard try await !transaction.query(Self.insert, name, role.rawValue, hash).isEmpty else { return (false, nil) }
            transaction.note("people_add", of: name, by: actor, reason: role.rawValue)
            return (true, hash == nil ? Self.makeLink(for: name, in: transaction) : nil)
        }
    }

    /// Changes a person: another role applies from the next request on; another password, or a link to choose one, ends the sessions.
    /// - Returns: the secret of the link, if one was requested.
    /// - Throws: `NothingFound`, `PasswordHasher.Failure`, `PostgresError`.
    func set(_ name: String, role: Role?, password: String?, link: Bool, by actor: String) async throws -> String? {
        let hash = try await self.hashed(password)
        return try await self.pool.transaction { transaction in
            try await transaction.actAsRecorder()
            guard let person = try await transaction.query(Self.update, name.withoutNUL, role?.rawValue, hash).decode(String.self).first else {
                throw NothingFound("no person \(name.onOneLine)")
            }
            if hash != nil {
                transaction.enqueue(Self.endSessions, person)
                transaction.enqueue(Self.dropLinks, person)
            }
            let changes = [role.map { "role \($0.rawValue)" }, hash.map { _ in "password" }, link ? "link" : nil].compactMap { $0 }
            transaction.note("people_set", of: person, by: actor, reason: changes.joined(separator: ", "))
            return link ? Self.makeLink(for: person, in: transaction) : nil
        }
    }

    private static let change: Statement = """
        update people set password_hash = $3 where name = $1 and password_hash is not distinct from $2 returning name
        """

    /// Changes a person's own password; all sessions end, and so does an unused link.
    /// - Parameter hash: the hash of the checked password; nil if there is none.
    /// - Returns: the new hash; nil if the password has changed in the meantime.
    /// - Throws: `PasswordHasher.Failure`, `PostgresError`.
    func changePassword(of name: String, from hash: String?, to password: String) async throws -> String? {
        let new = try await Self.hasher.hash(password)
        return try await self.pool.transaction { transaction in
            try await transaction.actAsRecorder()
            guard try await !transaction.query(Self.change, name, hash, new).isEmpty else { return nil }
            transaction.enqueue(Self.endSessions, name)
            transaction.enqueue(Self.dropLinks, name)
            transaction.note("people_set", of: name, by: Principal.label(name), reason: "password")
            return new
        }
    }

    /// Removes a person and ends the sessions.
    /// - Throws: `NothingFound`, `PostgresError`.
    func remove(_ name: String, by actor: String) async throws {
        try await self.pool.transaction { transaction in
            try await transaction.actAsRecorder()
            guard let person = try await transaction.query(Self.remove, name.withoutNUL).decode(String.self).first else {
                throw NothingFound("no person \(name.onOneLine)")
            }
            transaction.note("people_remove", of: person, by: actor)
        }
    }

    private static let hasher = PasswordHasher(threads: 1)

    private func hashed(_ password: String?) async throws -> String? {
        guard let password else { return nil }
        return try await Self.hasher.hash(password)
    }

    /// One link at a time: a new one replaces the previous ones.
    private static func makeLink(for person: String, in transaction: Transaction) -> String {
        let secret = Secret.random()
        transaction.enqueue(self.dropLinks, person)
        transaction.enqueue(self.addLink, Secret.digest(secret), person, self.linkLife)
        return secret
    }

    // MARK: Links

    private static let ofLink: Statement = "select person from sign_in_links where digest = $1 and expires_at > now()"
    private static let useLink: Statement = "delete from sign_in_links where digest = $1 and expires_at > now() returning person"

    /// The person of a link; nil if it was used, has expired or never existed.
    func person(ofLink secret: String) async throws -> String? {
        try await self.pool.query(Self.ofLink, Secret.digest(secret)).decode(String.self).first
    }

    /// Uses a link up.
    /// - Parameter password: the chosen password; nil leaves it unchanged.
    /// - Returns: its person; nil as ``person(ofLink:)``.
    func use(link secret: String, password: String?) async throws -> String? {
        let hash = try await self.hashed(password)
        return try await self.pool.transaction { transaction in
            try await transaction.actAsRecorder()
            guard let person = try await transaction.query(Self.useLink, Secret.digest(secret)).decode(String.self).first else { return nil }
            if hash != nil {
                transaction.enqueue(Self.update, person, String?.none, hash)
                transaction.enqueue(Self.endSessions, person)
                transaction.note("people_set", of: person, by: Principal.label(person), reason: "password")
            }
            return person
        }
    }
}

/// Random secrets for signing in, and their stored hashes.
enum Secret {
    /// 256 bits in base64url.
    static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        return Base64URL.encode((0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }

    /// SHA-256.
    static func digest(_ secret: String) -> [UInt8] { Array(SHA256.hash(data: Array(secret.utf8))) }
}
