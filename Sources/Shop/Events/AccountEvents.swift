public import Conveyor

/// An account was created.
public struct AccountRegistered: Event {
    /// `account.registered`.
    public static let type = "account.registered"

    /// The account.
    public var userID: ID

    /// An account was created.
    public init(userID: ID) {
        self.userID = userID
    }

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
    }
}

/// An account's profile, flags, password or sessions changed.
public struct AccountUpdated: Event {
    /// `account.updated`.
    public static let type = "account.updated"

    /// The account.
    public var userID: ID

    /// An account's profile, flags, password or sessions changed.
    public init(userID: ID) {
        self.userID = userID
    }

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
    }
}

/// An account was anonymised.
public struct AccountErased: Event {
    /// `account.erased`.
    public static let type = "account.erased"

    /// The account.
    public var userID: ID

    /// An account was anonymised.
    public init(userID: ID) {
        self.userID = userID
    }

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
    }
}
