import CArgon2
import NIOPosix
import Synchronization

/// Hashes passwords with Argon2id (RFC 9106) on its own threads: a hash takes tens of milliseconds and 19 MiB, so few run at once, and a bounded
/// number of callers waits.
public final class PasswordHasher: Sendable {
    /// A failure to hash or verify a password.
    public enum Failure: Error, Sendable {
        /// Too many callers wait already; try again later.
        case busy
        /// Argon2 failed with this code.
        case argon2(Int32)
        /// The process is ending.
        case stopped
    }

    /// The default number of simultaneous hashes.
    public static let threads = 2

    // OWASP's first recommendation for Argon2id.
    private static let memoryKiB: UInt32 = 19 * 1024
    private static let passes: UInt32 = 2
    private static let lanes: UInt32 = 1

    private let threads: NIOThreadPool
    private let waiting = Mutex(0)
    private let bound: Int

    /// - Parameters:
    ///   - threads: the number of simultaneous hashes.
    ///   - bound: the limit of callers, waiting and served.
    public init(threads: Int = PasswordHasher.threads, bound: Int = 64) {
        self.threads = NIOThreadPool(numberOfThreads: threads)
        self.threads.start()
        self.bound = bound
    }

    /// The PHC string (`$argon2id$v=19$m=19456,t=2,p=1$…`) of a password under a new random salt.
    public func hash(_ password: String) async throws(Failure) -> String {
        try await self.run { () throws(Failure) in
            var generator = SystemRandomNumberGenerator()
            let salt = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let password = Array(Password(password).normalized.utf8)
            let length = argon2_encodedlen(Self.passes, Self.memoryKiB, Self.lanes, 16, 32, Argon2_id)
            var encoded = [CChar](repeating: 0, count: length)
            let code = argon2id_hash_encoded(
                Self.passes, Self.memoryKiB, Self.lanes, password, password.count, salt, salt.count, 32, &encoded, length)
            guard code == ARGON2_OK.rawValue else { throw .argon2(code) }
            return String(decoding: encoded.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// Verifies a password. Takes the same time if `hash` is nil (an unknown account) as for a wrong password.
    public func verify(_ password: String, against hash: String?) async throws(Failure) -> Bool {
        try await self.run {
            // Usually one form; more only if the password has letters with several encodings.
            for spelling in Password(password).spellings {
                let password = Array(spelling.utf8)
                let code = argon2id_verify(hash ?? Self.nobody, password, password.count)
                if code == ARGON2_OK.rawValue { return hash != nil }
            }
            return false
        }
    }

    /// A hash that no password matches, as costly to verify as a real one.
    private static let nobody = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

    private func run<Value: Sendable>(_ body: @escaping @Sendable () throws(Failure) -> Value) async throws(Failure) -> Value {
        let isTaken = self.waiting.withLock { count in
            guard count < self.bound else { return false }
            count += 1
            return true
        }
        guard isTaken else { throw .busy }
        defer { self.waiting.withLock { $0 -= 1 } }
        do {
            return try await self.threads.runIfActive { try body() }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw .stopped
        }
    }
}
