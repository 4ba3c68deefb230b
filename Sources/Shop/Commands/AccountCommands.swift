public import Conveyor
import Crypto

/// Creates an account; its id is the message's.
public struct RegisterAccount: Command {
    /// `accounts.register`.
    public static let type = "accounts.register"

    /// As typed, trimmed; unique regardless of case.
    public var email: String
    /// A PHC string (Argon2id); no message contains a password.
    public var passwordHash: String
    /// The name for e-mails.
    public var fullName: String?

    /// Creates an account; its id is the message's.
    public init(email: String, passwordHash: String, fullName: String? = nil) {
        self.email = email
        self.passwordHash = passwordHash
        self.fullName = fullName
    }

    enum CodingKeys: String, CodingKey {
        case email
        case passwordHash = "password_hash"
        case fullName = "full_name"
    }
}

/// Changes a user's own profile; nil leaves a field unchanged.
public struct UpdateProfile: OrderedCommand {
    /// `accounts.update_profile`.
    public static let type = "accounts.update_profile"

    /// The account.
    public var userID: ID
    /// The new name.
    public var fullName: String?
    /// True removes the name.
    public var clearsFullName: Bool?
    /// The notifications that the user wants.
    public var notifications: NotificationChoices?

    /// Changes a user's own profile; nil leaves a field unchanged.
    public init(userID: ID, fullName: String? = nil, clearsFullName: Bool? = nil, notifications: NotificationChoices? = nil) {
        self.userID = userID
        self.fullName = fullName
        self.clearsFullName = clearsFullName
        self.notifications = notifications
    }

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
        case fullName = "full_name"
        case clearsFullName = "clears_full_name"
        case notifications
    }
}

/// The optional notifications that a user wants; nil leaves a choice unchanged.
public struct NotificationChoices: Codable, Sendable, Equatable {
    /// By web push.
    public var push: Bool?
    /// By text message.
    public var sms: Bool?
    /// By e-mail, except confirmations, refunds and passwords: those are always sent.
    public var emailUpdates: Bool?

    /// The optional notifications that a user wants.
    public init(push: Bool? = nil, sms: Bool? = nil, emailUpdates: Bool? = nil) {
        self.push = push
        self.sms = sms
        self.emailUpdates = emailUpdates
    }

    enum CodingKeys: String, CodingKey {
        case push, sms
        case emailUpdates = "email_updates"
    }
}

/// Subscribes a user's browser to web push. The same endpoint is the same subscription; it moves from another user to this one.
public struct SubscribePush: Command {
    /// `accounts.subscribe_push`.
    public static let type = "accounts.subscribe_push"

    /// The account.
    public var userID: ID
    /// The endpoint at the push service.
    public var endpoint: String
    /// The browser's public key (P-256, uncompressed) in base64url.
    public var p256dh: String
    /// The browser's secret of 16 bytes, in base64url.
    public var auth: String
    /// When the subscription expires, in milliseconds since 1970; nil if it does not expire.
    public var expiresAt: Int64?
    /// The shop's key of this subscription.
    public var publicKey: String

    /// Subscribes a user's browser to web push.
    public init(userID: ID, endpoint: String, p256dh: String, auth: String, expiresAt: Int64?, publicKey: String) {
        self.userID = userID
        self.endpoint = endpoint
        self.p256dh = p256dh
        self.auth = auth
        self.expiresAt = expiresAt
        self.publicKey = publicKey
    }

    /// The subscription's id, derived from its endpoint in normal form: scheme and host in lower case, without the default port (RFC 3986, section 6.2.3).
    public static func id(of endpoint: String) -> ID { ID(digest: SHA256.hash(data: Array(self.normal(endpoint).utf8))) }

    private static func normal(_ endpoint: String) -> String {
        guard let scheme = endpoint.firstRange(of: "://") else { return endpoint }
        let authority = endpoint[scheme.upperBound...].prefix { !"/?#".contains($0) }
        var start = endpoint[..<authority.endIndex].lowercased()
        for (scheme, port) in [("https://", ":443"), ("http://", ":80")] where start.hasPrefix(scheme) && start.hasSuffix(port) {
            start.removeLast(port.count)
        }
        let rest = endpoint[authority.endIndex...]
        return start + (rest.first == "/" ? "" : "/") + rest
    }

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
        case endpoint, p256dh, auth
        case expiresAt = "expires_at"
        case publicKey = "public_key"
    }
}

/// Ends a subscription to web push.
public struct UnsubscribePush: Command {
    /// `accounts.unsubscribe_push`.
    public static let type = "accounts.unsubscribe_push"

    /// The subscription.
    public var subscriptionID: ID
    /// Its owner; nil if the push service reports that the subscription is gone.
    public var userID: ID?

    /// Ends a subscription to web push.
    public init(subscriptionID: ID, userID: ID? = nil) {
        self.subscriptionID = subscriptionID
        self.userID = userID
    }

    enum CodingKeys: String, CodingKey {
        case subscriptionID = "subscription_id"
        case userID = "user_id"
    }
}

/// Sets a new password and ends all sessions.
public struct ChangePassword: Command {
    /// `accounts.change_password`.
    public static let type = "accounts.change_password"

    /// The account.
    public var userID: ID
    /// The new password's PHC string; the ingress has verified the current password.
    public var passwordHash: String
    /// The token epoch at which the current password was verified; a different one means that the password has changed since.
    public var expectedEpoch: Int?

    /// Sets a new password and ends all sessions.
    public init(userID: ID, passwordHash: String, expectedEpoch: Int? = nil) {
        self.userID = userID
        self.passwordHash = passwordHash
        self.expectedEpoch = expectedEpoch
    }

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
        case passwordHash = "password_hash"
        case expectedEpoch = "expected_epoch"
    }
}

/// Requests a reset link for an address; nothing is sent to an unknown address.
public struct RequestPasswordReset: Command {
    /// `accounts.request_password_reset`.
    public static let type = "accounts.request_password_reset"

    /// As typed.
    public var email: String

    /// Requests a reset link for an address; nothing is sent to an unknown address.
    public init(email: String) {
        self.email = email
    }
}

/// Uses a reset token, once.
public struct ResetPassword: Command {
    /// `accounts.reset_password`.
    public static let type = "accounts.reset_password"

    /// The reset.
    public var resetID: ID
    /// The new password's PHC string.
    public var passwordHash: String

    /// Uses a reset token, once.
    public init(resetID: ID, passwordHash: String) {
        self.resetID = resetID
        self.passwordHash = passwordHash
    }

    enum CodingKeys: String, CodingKey {
        case resetID = "reset_id"
        case passwordHash = "password_hash"
    }
}

/// Marks an account's address as verified.
public struct VerifyEmail: Command {
    /// `accounts.verify_email`.
    public static let type = "accounts.verify_email"

    /// The account.
    public var userID: ID
    /// The verified address.
    public var email: String

    /// Marks an account's address as verified.
    public init(userID: ID, email: String) {
        self.userID = userID
        self.email = email
    }

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
        case email
    }
}

/// Ends all sessions of an account.
public struct RevokeTokens: Command {
    /// `accounts.revoke_tokens`.
    public static let type = "accounts.revoke_tokens"

    /// The account.
    public var userID: ID

    /// Ends all sessions of an account.
    public init(userID: ID) {
        self.userID = userID
    }

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
    }
}

/// Records that a session's refresh token was exchanged for the next one.
public struct RenewSession: Command {
    /// `accounts.renew_session`.
    public static let type = "accounts.renew_session"

    /// The account.
    public var userID: ID
    /// The family of refresh tokens.
    public var sessionID: ID
    /// The number of refresh tokens before the new one in the family.
    public var counter: Int
    /// When the new token expires, in seconds since 1970.
    public var expiresAt: Int64

    /// Records that a session's refresh token was exchanged for the next one.
    public init(userID: ID, sessionID: ID, counter: Int, expiresAt: Int64) {
        self.userID = userID
        self.sessionID = sessionID
        self.counter = counter
        self.expiresAt = expiresAt
    }

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
        case sessionID = "session_id"
        case counter
        case expiresAt = "expires_at"
    }
}

/// Ends one session of an account: its refresh tokens and its access tokens.
public struct EndSession: Command {
    /// `accounts.end_session`.
    public static let type = "accounts.end_session"

    /// The account.
    public var userID: ID
    /// The family of refresh tokens.
    public var sessionID: ID

    /// Ends one session of an account: its refresh tokens and its access tokens.
    public init(userID: ID, sessionID: ID) {
        self.userID = userID
        self.sessionID = sessionID
    }

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
        case sessionID = "session_id"
    }
}

/// Sets an account's flags, as a superuser; nil leaves a flag unchanged.
public struct SetAccountFlags: OrderedCommand {
    /// `accounts.set_flags`.
    public static let type = "accounts.set_flags"

    /// The account.
    public var userID: ID
    /// Whether the user may sign in and write.
    public var isActive: Bool?
    /// Whether the user has the rights of the staff.
    public var isSuperuser: Bool?

    /// Sets an account's flags, as a superuser; nil leaves a flag unchanged.
    public init(userID: ID, isActive: Bool? = nil, isSuperuser: Bool? = nil) {
        self.userID = userID
        self.isActive = isActive
        self.isSuperuser = isSuperuser
    }

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
        case isActive = "is_active"
        case isSuperuser = "is_superuser"
    }
}

/// Anonymises an account; its orders stay.
public struct EraseAccount: Command {
    /// `accounts.erase`.
    public static let type = "accounts.erase"

    /// The account.
    public var userID: ID

    /// Anonymises an account; its orders stay.
    public init(userID: ID) {
        self.userID = userID
    }

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
    }
}
