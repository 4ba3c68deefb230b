import Conveyor
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Identity
import Postgres
import Shop
import Synchronization

/// Authenticates a request: verifies the bearer token, and checks that the account still accepts it.
final class Authenticator: Sendable {
    /// The account that sent the request.
    struct User: Sendable {
        let id: ID
        let isSuperuser: Bool
        let epoch: Int
        /// The token's expiry.
        let expiresAt: Date
        /// Whether the database confirmed the account. While it is unreachable the token alone counts: enough to send a command, which a worker
        /// checks again.
        let isConfirmed: Bool
        let session: Tokens.Session
    }

    /// The account's state in the database.
    private struct Standing: Sendable {
        let epoch: Int
        let isActive: Bool
        let isSuperuser: Bool
        /// Ended sessions whose access tokens may not have expired yet.
        let endedSessions: [ID]

        func stands(by epoch: Int, _ session: Tokens.Session) -> Bool {
            self.epoch == epoch && session.id.map { !self.endedSessions.contains($0) } ?? true
        }
    }

    private let tokens: Tokens
    private let pool: PostgresPool
    private let standings: ReadCache<Standing>
    /// Cache of verified tokens: a client sends the same one with every request.
    private let verified = Mutex<[String: Tokens.Claims]>([:])
    private static let verifiedLimit = 10_000

    private let accessLifetime: Double

    /// - Parameter accessLifetime: the lifetime of access tokens, in seconds.
    init(tokens: Tokens, accessLifetime: Double, pool: PostgresPool, feed: ChangeFeed) {
        self.tokens = tokens
        self.accessLifetime = accessLifetime
        self.pool = pool
        self.standings = ReadCache("user", capacity: 20_000, isDecidedByDatabase: true, feed: feed)
    }

    private static let standing: Statement = """
        select token_epoch, is_active, is_superuser,
               array(select s.id from sessions s where s.user_id = u.id and s.ended_at > now() - make_interval(secs => $2))
        from users u where id = $1 and erased_at is null
        """

    /// The account of a request's bearer token.
    /// - Throws: `Problem` `unauthorized`, `token_expired`, `user_inactive`.
    func user(_ request: Request) async throws -> User {
        guard let token = Self.bearer(request) else { throw Problem(.unauthorized, "A bearer token is required; sign in at /api/v1/auth/login.") }
        return try await self.user(of: self.claims(token, for: .access))
    }

    /// Whether an optional token belongs to a member of the staff. An invalid token counts as none.
    func isStaff(_ request: Request) async -> Bool {
        guard request.headers.contains(.authorization) else { return false }
        return (try? await self.user(request))?.isSuperuser ?? false
    }

    /// Requires a member of the staff.
    /// - Throws: as ``user(_:)``, or `forbidden`; `database_unreachable` if the database does not answer.
    func superuser(_ request: Request) async throws -> User {
        let user = try await self.user(request)
        guard user.isConfirmed else { throw Self.unconfirmed }
        guard user.isSuperuser else { throw Problem(.forbidden, "Only staff may do this.") }
        return user
    }

    /// The account of a refresh token.
    /// - Throws: `Problem` `unauthorized`, `token_expired`, `user_inactive`; `database_unreachable` if the database does not answer.
    func user(refreshing token: String) async throws -> User {
        let user = try await self.user(of: self.claims(token, for: .refresh))
        guard user.isConfirmed else { throw Self.unconfirmed }
        return user
    }

    /// The owner of a refresh token, whether or not the account still accepts it.
    /// - Throws: `Problem` `unauthorized`, `token_expired`.
    func owner(of token: String) async throws(Problem) -> (id: ID, session: Tokens.Session) {
        let claims = try self.claims(token, for: .refresh)
        return (claims.userID, claims.session)
    }

    private static let unconfirmed = Problem(.databaseUnreachable, "The database cannot be reached; try again.")

    private static func bearer(_ request: Request) -> String? {
        guard let header = request.headers[.authorization] else { return nil }
        // The usual spelling first; the scheme's case does not matter (RFC 9110, section 11.1).
        if header.utf8.starts(with: "Bearer ".utf8) { return String(header.utf8.dropFirst(7).drop { $0 == UInt8(ascii: " ") }) }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }

    private func claims(_ token: String, for use: Tokens.Use) throws(Problem) -> Tokens.Claims {
        if let known = self.verified.withLock({ $0[token] }), known.use == use {
            if known.expiresAt > Date() { return known }
            self.verified.withLock { $0[token] = nil }
            throw Problem(.tokenExpired, "The token has expired; get a new one at /api/v1/auth/refresh.")
        }
        guard token.utf8.count <= 4096 else { throw Problem(.unauthorized, "The token is not valid.") }
        do {
            let claims = try self.tokens.verify(token, for: use)
            self.verified.withLock { verified in
                if verified.count >= Self.verifiedLimit { verified.removeAll(keepingCapacity: true) }
                verified[token] = claims
            }
            return claims
        } catch {
            switch error {
            case .expired: throw Problem(.tokenExpired, "The token has expired; get a new one at /api/v1/auth/refresh.")
            case .invalid: throw Problem(.unauthorized, "The token is not valid.")
            }
        }
    }

    private static let revoked = Problem(.unauthorized, "The token was revoked; sign in again.")

    private func user(of claims: Tokens.Claims) async throws -> User {
        var standing: Standing?
        do {
            standing = try await self.standing(of: claims.userID)
        } catch let error as PostgresError where error.meansAway {
            // While the database is away, writes are still accepted on the token alone, unless it is known to be outdated. Epochs only rise.
            if let known = self.standings.lastKnown(claims.userID), known.value.epoch > claims.epoch { throw Self.revoked }
            return User(
                id: claims.userID, isSuperuser: false, epoch: claims.epoch, expiresAt: claims.expiresAt, isConfirmed: false, session: claims.session)
        }
        if let known = standing, known.epoch < claims.epoch {
            // The token is newer than our cache: a manual change in the database emits no event.
            self.standings.drop(claims.userID)
            standing = try await self.standing(of: claims.userID)
        }
        guard let standing, standing.stands(by: claims.epoch, claims.session) else { throw Self.revoked }
        guard standing.isActive else { throw Problem(.userInactive, "The account is not active.") }
        return User(
            id: claims.userID, isSuperuser: standing.isSuperuser, epoch: claims.epoch, expiresAt: claims.expiresAt, isConfirmed: true,
            session: claims.session)
    }

    /// Whether the sender of a long-running request still has its rights.
    func stillStands(_ user: User) async -> Bool {
        guard user.expiresAt > Date() else { return false }
        do {
            guard let standing = try await self.standing(of: user.id) else { return false }
            return standing.isActive && standing.stands(by: user.epoch, user.session) && (standing.isSuperuser || !user.isSuperuser)
        } catch {
            // While the database is away there is nothing new to read. Staff rights always need the database.
            return (error as? PostgresError)?.meansAway == true && !user.isSuperuser
        }
    }

    private func standing(of id: ID) async throws -> Standing? {
        try await self.standings.value(id) { [pool, accessLifetime] in
            try await pool.query(Self.standing, id, accessLifetime).decode((Int32, Bool, Bool, [ID]).self).first.map {
                Standing(epoch: Int($0), isActive: $1, isSuperuser: $2, endedSessions: $3)
            }
        }
    }
}
