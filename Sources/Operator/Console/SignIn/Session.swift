import Conveyor
import Crypto
import Shop

/// Somebody who is signed in.
struct Session: Sendable, Equatable {
    /// With the role as it is at this request.
    let actor: Principal
    /// Whether the account is one of `people list`, and not one of the emergency token or of an OpenID provider.
    let isPerson: Bool
    /// What the forms of their pages carry, and no other site can know.
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

/// Binds a form to the cookie of the browser that it was made for.
enum FormToken {
    private static let label = Array("conveyor.console.form".utf8)

    /// The token of the forms that go with a cookie.
    static func of(_ cookie: String) -> String {
        Base64URL.encode(Array(HMAC<SHA256>.authenticationCode(for: self.label, using: SymmetricKey(data: Array(cookie.utf8)))))
    }

    /// Whether a form goes with a cookie; in constant time.
    static func isValid(_ text: String?, for cookie: String) -> Bool {
        guard let bytes = text.flatMap({ Base64URL.decode($0.utf8) }) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(bytes, authenticating: self.label, using: SymmetricKey(data: Array(cookie.utf8)))
    }
}
