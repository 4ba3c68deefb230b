import Kit
import Shop

/// Somebody who is signed in. It is all in the signed cookie, so it outlives a restart of the console.
struct Session: Sendable, Equatable {
    /// Made at random when they signed in; their CSRF token is bound to it.
    let id: ID
    /// When it ends, in seconds since 1970.
    let expiresAt: Int64
    /// What they said they are called. Everybody shares one token, so it is a note for the audit, not a proof.
    let name: String

    /// Long enough for a shift.
    static let lifetime: Int64 = 12 * 3600

    /// Who acts, in the audit and in messages.
    var actor: String { Actor.named(self.name) }

    init(id: ID, expiresAt: Int64, name: String) {
        self.id = id
        self.expiresAt = expiresAt
        self.name = name
    }

    /// A new one.
    init(name: String) {
        self.init(
            id: .v7(milliseconds: UInt64(max(0, Clock.milliseconds()))), expiresAt: Clock.seconds() + Self.lifetime,
            name: Self.cleaned(name) ?? "console")
    }

    /// What is left of a name once only letters, digits and `.`, `_`, `-`, `@` are kept; nil if nothing is.
    static func cleaned(_ name: String) -> String? {
        let kept = name.unicodeScalars.filter { scalar in
            scalar.isASCII && (Character(scalar).isLetter || Character(scalar).isNumber || "._-@".unicodeScalars.contains(scalar))
        }
        return kept.isEmpty ? nil : String(String.UnicodeScalarView(kept.prefix(40)))
    }
}
