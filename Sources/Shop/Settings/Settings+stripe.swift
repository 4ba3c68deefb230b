public import Conveyor

extension Settings {
    /// `STRIPE_SECRET_KEY`.
    /// - Throws: if it is missing, or not a key for Stripe's API.
    public func stripeSecretKey() throws(SettingError) -> String {
        let key = try self.require("STRIPE_SECRET_KEY")
        guard key.hasPrefix("sk_") || key.hasPrefix("rk_") else {
            throw SettingError(name: "STRIPE_SECRET_KEY", reason: "must begin with sk_ or rk_")
        }
        return key
    }

    /// `STRIPE_PUBLISHABLE_KEY`, which every browser receives. A secret key here would leak, and a key of another mode than the secret key's could
    /// not confirm its payments.
    /// - Throws: if it is missing or malformed, or its mode is known and differs from that of `STRIPE_SECRET_KEY`.
    public func stripePublishableKey() throws(SettingError) -> String {
        let key = try self.require("STRIPE_PUBLISHABLE_KEY")
        guard key.hasPrefix("pk_") else { throw SettingError(name: "STRIPE_PUBLISHABLE_KEY", reason: "must begin with pk_") }
        if let mode = Self.stripeMode(of: key), let other = self.string("STRIPE_SECRET_KEY").flatMap(Self.stripeMode), mode != other {
            throw SettingError(
                name: "STRIPE_PUBLISHABLE_KEY", reason: "is of \(mode) mode and STRIPE_SECRET_KEY of \(other) mode: take both from the same one")
        }
        return key
    }

    /// `live` or `test` from the key's prefix (docs.stripe.com/keys); nil if it has none.
    private static func stripeMode(of key: String) -> String? {
        let words = key.split(separator: "_", maxSplits: 2)
        return words.count > 1 && ["live", "test"].contains(words[1]) ? String(words[1]) : nil
    }
}
