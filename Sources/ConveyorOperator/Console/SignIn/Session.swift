import Conveyor
import Crypto

/// A signed-in person.
struct Session: Sendable, Equatable {
    /// With the current role.
    let actor: Principal
    /// Whether the account is in `people list`, as opposed to the emergency token and OpenID accounts.
    let isPerson: Bool
    /// The token in the forms of its pages, unknown to other sites.
    let formToken: String

    private let secret: String

    /// Whether a form came from a page of this session.
    func isOwn(_ formToken: String?) -> Bool { FormToken.isValid(formToken, for: self.secret) }

    init(actor: Principal, isPerson: Bool, secret: String) {
        self.actor = actor
        self.isPerson = isPerson
        self.secret = secret
        self.formToken = FormToken.of(secret)
    }
}

/// Binds a form to the cookie of its browser.
enum FormToken {
    private static let label = Array("conveyor.console.form".utf8)

    /// The token of forms with a cookie.
    static func of(_ cookie: String) -> String {
        Base64URL.encode(Array(HMAC<SHA256>.authenticationCode(for: self.label, using: SymmetricKey(data: Array(cookie.utf8)))))
    }

    /// Whether a form belongs to a cookie; in constant time.
    static func isValid(_ text: String?, for cookie: String) -> Bool {
        guard let bytes = text.flatMap({ Base64URL.decode($0.utf8) }) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(bytes, authenticating: self.label, using: SymmetricKey(data: Array(cookie.utf8)))
    }
}
