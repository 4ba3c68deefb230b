import Conveyor
import Crypto
import FoundationEssentials
import Postgres
import Synchronization

/// The sessions, stored in Postgres: so a change of a person applies to the next request, and a restart of the console ends no session.
final class Sessions: Sendable {
    private let people: People
    private let token: String?
    /// Seconds.
    private let lifetime: Double
    private let idleTime: Double
    /// The sessions when the database was last reached, for pages that report its outage.
    private let lastSeen = Mutex<[[UInt8]: Session]>([:])
    private static let mostLastSeen = 1000

    /// - Throws: if a setting is wrong.
    init(settings: Settings, pool: PostgresPool) throws(SettingError) {
        self.people = People(pool: pool)
        self.token = settings.string("CONSOLE_TOKEN")
        self.lifetime = try settings.double("CONSOLE_SESSION_HOURS", in: 0.0001...12) * 3600
        self.idleTime = try settings.double("CONSOLE_IDLE_MINUTES", in: 0.001...720) * 60
    }

    /// The lifetime of the cookie in seconds.
    var cookieLife: Int { max(1, Int(self.lifetime.rounded(.up))) }

    /// Whether `CONSOLE_TOKEN` is set.
    var hasToken: Bool { self.token != nil }

    /// Whether a text equals `CONSOLE_TOKEN`, in constant time for its length.
    func isToken(_ text: String) -> Bool {
        guard let token else { return false }
        let key = SymmetricKey(size: .bits256)
        let code = HMAC<SHA256>.authenticationCode(for: Array(token.utf8), using: key)
        return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Array(text.utf8), using: key)
    }

    // MARK: Beginning and ending

    /// The ways to sign in.
    enum Entrance: Sendable {
        /// A person, with the hash of the checked password; nil after a link.
        case person(String, passwordHash: String?)
        /// With `CONSOLE_TOKEN`, under a chosen name.
        case token(name: String)
        /// An external account.
        case provider(name: String, Role)
    }

    private static let forget: Statement = "delete from console_sessions where expires_at < now()"
    // A simultaneous change of the password, or a removal, leaves no session that began before it.
    private static let begin: Statement = """
        insert into console_sessions (digest, name, person, expires_at)
        select $1, name, name, now() + $4 * interval '1 second' from people where name = $2 and ($3::text is null or password_hash = $3) for share
        """
    private static let beginElsewhere: Statement = """
        insert into console_sessions (digest, name, role, token_proof, expires_at)
        select $1, $2, $3, $4, now() + $5 * interval '1 second' where not exists (select from people where lower(name) = lower($2))
        """
    private static let seen: Statement = "update people set last_seen_at = now() where name = $1"
    private static let isBegun: Statement = "select exists (select from console_sessions where digest = $1)"

    /// Begins a session.
    /// - Returns: the cookie's value; nil if the person was changed or removed meanwhile, or an external name belongs to a local person.
    func begin(_ entrance: Entrance) async throws -> String? {
        let secret = Secret.random()
        let digest = Secret.digest(secret)
        return try await self.people.pool.transaction { transaction in
            try await transaction.actAsRecorder()
            transaction.enqueue(Self.forget)
            switch entrance {
            case .person(let name, let hash):
                transaction.enqueue(Self.begin, digest, name, hash, self.lifetime)
                transaction.enqueue(Self.seen, name)
            case .token(let name):
                transaction.enqueue(Self.beginElsewhere, digest, name, Role.admin.rawValue, self.proof(secret), self.lifetime)
            case .provider(let name, let role):
                transaction.enqueue(Self.beginElsewhere, digest, name, role.rawValue, [UInt8]?.none, self.lifetime)
            }
            return try await transaction.query(Self.isBegun, digest).decode(Bool.self).first == true ? secret : nil
        }
    }

    private static let end: Statement = "delete from console_sessions where digest = $1"

    /// Ends a session: its cookie becomes invalid.
    func end(_ cookie: String) async throws {
        let digest = Secret.digest(cookie)
        self.lastSeen.withLock { _ = $0.removeValue(forKey: digest) }
        try await self.people.pool.query(Self.end, digest)
    }

    /// Binds a session to `CONSOLE_TOKEN`; useless without the cookie.
    private func proof(_ secret: String) -> [UInt8]? {
        guard let token else { return nil }
        return Array(
            HMAC<SHA256>.authenticationCode(for: Array("conveyor.console.token.\(token)".utf8), using: SymmetricKey(data: Array(secret.utf8))))
    }

    // MARK: Looking it up

    private static let find: Statement = """
        select s.name, coalesce(p.role, s.role), s.token_proof, s.person is not null, s.used_at < now() - $3 * interval '1 second'
        from console_sessions s left join people p on p.name = s.person
        where s.digest = $1 and s.expires_at > now() and s.used_at > now() - $2 * interval '1 second'
          and (s.person is not null or not exists (select from people q where lower(q.name) = lower(s.name)))
        """
    private static let use: Statement = """
        with used as (update console_sessions set used_at = now() where digest = $1 returning person)
        update people set last_seen_at = now() from used where name = used.person
        """

    /// The session of a cookie; nil if it does not exist or has ended.
    /// - Parameter isUse: false for requests of a page's script, which do not extend a session.
    func find(_ cookie: String, isUse: Bool) async throws -> Session? {
        let digest = Secret.digest(cookie)
        // Recorded only now and then, so that reads need no write.
        guard let row = try await self.people.pool.query(Self.find, digest, self.idleTime, min(10, self.idleTime / 20)).first else {
            self.lastSeen.withLock { _ = $0.removeValue(forKey: digest) }
            return nil
        }
        if let proof = try row[2, as: [UInt8]?.self], proof != self.proof(cookie) { return nil }
        guard let role = Role(rawValue: try row[1]) else { return nil }
        if isUse, try row[4, as: Bool.self] { try await self.people.pool.query(Self.use, digest) }
        let session = Session(actor: Principal(name: try row[0], role: role), isPerson: try row[3], secret: cookie)
        self.lastSeen.withLock { seen in
            if seen.count >= Self.mostLastSeen { seen.removeAll() }
            seen[digest] = session
        }
        return session
    }

    /// The session when the database last answered, with the rights of a viewer: the person may have lost others since.
    func remembered(_ cookie: String) -> Session? {
        guard let session = self.lastSeen.withLock({ $0[Secret.digest(cookie)] }) else { return nil }
        return Session(actor: Principal(name: session.actor.name, role: .viewer), isPerson: session.isPerson, secret: cookie)
    }
}
