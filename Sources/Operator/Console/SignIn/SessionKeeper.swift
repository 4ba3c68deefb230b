import Crypto
import Kit
import Shop
import Synchronization

/// Knows the console's token, and signs and checks what follows from it: the session's cookie and its CSRF token.
///
/// The keys are made from the token: with another token all sessions end, and a restart ends none.
final class SessionKeeper: Sendable {
    private let cookieKey: SymmetricKey
    private let formKey: SymmetricKey
    /// Made for this process: compares texts of any length in constant time, by their MACs.
    private let comparisonKey = SymmetricKey(size: .bits256)
    private let tokenMAC: HMAC<SHA256>.MAC
    /// Signed out before their end. Lost in a restart; a session ends by itself after ``Session/lifetime`` at the latest.
    private let signedOut = Mutex<[ID: Int64]>([:])

    private static let macLength = 32

    init(token: String) {
        let secret = SymmetricKey(data: Array(token.utf8))
        func key(_ label: String) -> SymmetricKey {
            SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array("conveyor.console.\(label)".utf8), using: secret))
        }
        self.cookieKey = key("cookie")
        self.formKey = key("form")
        self.tokenMAC = HMAC<SHA256>.authenticationCode(for: Array(token.utf8), using: self.comparisonKey)
    }

    /// Whether somebody knows the token; takes the same time for every text of a length.
    func isToken(_ text: String) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(self.tokenMAC, authenticating: Array(text.utf8), using: self.comparisonKey)
    }

    // MARK: The cookie

    /// A session as the cookie's value: id, end, name and their MAC.
    func cookieValue(of session: Session) -> String {
        var bytes = session.id.bytes
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: session.expiresAt >> Int64(shift))) }
        bytes += Array(session.name.utf8)
        bytes += Array(HMAC<SHA256>.authenticationCode(for: bytes, using: self.cookieKey))
        return Base64URL.encode(bytes)
    }

    /// The session of a cookie's value; nil if it was not made here, has ended or was signed out.
    func session(cookieValue: String) -> Session? {
        guard let bytes = Base64URL.decode(cookieValue.utf8), bytes.count >= 24 + Self.macLength else { return nil }
        let (signed, mac) = (bytes.dropLast(Self.macLength), bytes.suffix(Self.macLength))
        guard HMAC<SHA256>.isValidAuthenticationCode(mac, authenticating: signed, using: self.cookieKey), let id = ID(bytes: signed) else {
            return nil
        }
        let expiresAt = signed[16..<24].reduce(Int64(0)) { $0 << 8 | Int64($1) }
        guard expiresAt > Clock.seconds(), self.signedOut.withLock({ $0[id] == nil }) else { return nil }
        return Session(id: id, expiresAt: expiresAt, name: String(decoding: signed[24...], as: UTF8.self))
    }

    /// Ends a session, whoever else has its cookie.
    func signOut(_ session: Session) {
        self.signedOut.withLock { ended in
            ended = ended.filter { $0.value > Clock.seconds() }
            ended[session.id] = session.expiresAt
        }
    }

    // MARK: Forms

    /// What a form of this session carries, and no other site can know. Before somebody is signed in it is bound to the sign-in cookie's id.
    func formToken(for id: ID) -> String {
        Base64URL.encode(Array(HMAC<SHA256>.authenticationCode(for: id.bytes, using: self.formKey)))
    }

    /// Whether a form came from a page of this session.
    func isFormToken(_ text: String?, for id: ID) -> Bool {
        guard let bytes = text.flatMap({ Base64URL.decode($0.utf8) }) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(bytes, authenticating: id.bytes, using: self.formKey)
    }
}
