public import Conveyor
import Crypto

/// Makes an account; its id is the message's.
public struct RegisterAccount: Command {
    /// `accounts.register`.
    public static let type = "accounts.register"

    /// As typed, trimmed; unique whatever its case.
    public var email: String
    /// A PHC string (Argon2id); no message ever holds a password.
    public var passwordHash: String
    /// The name for e-mails.
    public var fullName: String?

    /// Makes an account; its id is the message's.
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

/// Changes what a user says of themselves; nil leaves a field as it is.
public struct UpdateProfile: OrderedCommand {
    /// `accounts.update_profile`.
    public static let type = "accounts.update_profile"

    /// The account.
    public var userID: ID
    /// The new name.
    public var fullName: String?
    /// True takes the name away.
    public var clearsFullName: Bool?
    /// What the user wants to hear of.
    public var notifications: NotificationChoices?

    /// Changes what a user says of themselves; nil leaves a field as it is.
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

/// Which notices a user wants that are not owed; nil leaves one as it is.
public struct NotificationChoices: Codable, Sendable, Equatable {
    /// By web push.
    public var push: Bool?
    /// By text message.
    public var sms: Bool?
    /// By e-mail, but for the order's confirmation, refunds and passwords: those always come.
    public var emailUpdates: Bool?

    /// Which notices a user wants.
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

/// A browser of the user's wants to hear by web push. The same endpoint is the same subscription; another user's is taken over.
public struct SubscribePush: Command {
    /// `accounts.subscribe_push`.
    public static let type = "accounts.subscribe_push"

    /// The account.
    public var userID: ID
    /// Where the browser's push service takes what is for it.
    public var endpoint: String
    /// The browser's public key of P-256, uncompressed, in base64url.
    public var p256dh: String
    /// The browser's secret of 16 bytes, in base64url.
    public var auth: String
    /// When the subscription ends, in milliseconds since 1970; nil: not by itself.
    public var expiresAt: Int64?
    /// The shop's key that the browser has subscribed with.
    public var publicKey: String

    /// A browser of the user's wants to hear by web push.
    public init(userID: ID, endpoint: String, p256dh: String, auth: String, expiresAt: Int64?, publicKey: String) {
        self.userID = userID
        self.endpoint = endpoint
        self.p256dh = p256dh
        self.auth = auth
        self.expiresAt = expiresAt
        self.publicKey = publicKey
    }

    /// The subscription's id, which its endpoint decides.
    public static func id(of endpoint: String) -> ID { ID(digest: SHA256.hash(data: Array(endpoint.utf8))) }

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

    /// Which.
    public var subscriptionID: ID
    /// Whose it must be; nil if the push service says that it is gone.
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

/// Sets a new password and ends every session.
public struct ChangePassword: Command {
    /// `accounts.change_password`.
    public static let type = "accounts.change_password"

    /// The account.
    public var userID: ID
    /// The new one's PHC string; the ingress has verified the current one.
    public var passwordHash: String
    /// The token epoch that the current password was verified at; another one means that it changed meanwhile.
    public var expectedEpoch: Int?

    /// Sets a new password and ends every session.
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

/// Someone who may own this address asks for a reset link; unknown addresses end in silence.
public struct RequestPasswordReset: Command {
    /// `accounts.request_password_reset`.
    public static let type = "accounts.request_password_reset"

    /// As typed.
    public var email: String

    /// Someone who may own this address asks for a reset link; unknown addresses end in silence.
    public init(email: String) {
        self.email = email
    }
}

/// Uses a reset token, once.
public struct ResetPassword: Command {
    /// `accounts.reset_password`.
    public static let type = "accounts.reset_password"

    /// The reset that the token names.
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

/// Marks an account's address as proven.
public struct VerifyEmail: Command {
    /// `accounts.verify_email`.
    public static let type = "accounts.verify_email"

    /// The account.
    public var userID: ID
    /// The address that was proven.
    public var email: String

    /// Marks an account's address as proven.
    public init(userID: ID, email: String) {
        self.userID = userID
        self.email = email
    }

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
        case email
    }
}

/// Ends every session of an account.
public struct RevokeTokens: Command {
    /// `accounts.revoke_tokens`.
    public static let type = "accounts.revoke_tokens"

    /// The account.
    public var userID: ID

    /// Ends every session of an account.
    public init(userID: ID) {
        self.userID = userID
    }

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
    }
}

/// A refresh token of a session was traded in for the next.
public struct RenewSession: Command {
    /// `accounts.renew_session`.
    public static let type = "accounts.renew_session"

    /// The account.
    public var userID: ID
    /// The family of refresh tokens.
    public var sessionID: ID
    /// Of the new token: so many of the family came before it.
    public var counter: Int
    /// Until when the new token is good, in seconds since 1970.
    public var expiresAt: Int64

    /// A refresh token of a session was traded in for the next.
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

/// A superuser's switches of an account; nil leaves one as it is.
public struct SetAccountFlags: OrderedCommand {
    /// `accounts.set_flags`.
    public static let type = "accounts.set_flags"

    /// The account.
    public var userID: ID
    /// May sign in and write.
    public var isActive: Bool?
    /// May do what the shop's staff may.
    public var isSuperuser: Bool?

    /// A superuser's switches of an account; nil leaves one as it is.
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
