public import Conveyor

extension Settings {
    /// `VAPID_PRIVATE_KEY`: the key for new subscriptions, then those of older ones; empty if web push is off.
    /// - Throws: if one is not a valid key, or `VAPID_SUBJECT` is missing.
    public func vapidKeys() throws(SettingError) -> [VAPIDKey] {
        var keys: [VAPIDKey] = []
        for text in self.list("VAPID_PRIVATE_KEY") {
            guard let key = VAPIDKey(text) else {
                throw SettingError(name: "VAPID_PRIVATE_KEY", reason: "must be private keys of P-256: 32 bytes each, in base64url")
            }
            keys.append(key)
        }
        if !keys.isEmpty { _ = try self.vapidSubject() }
        return keys
    }

    /// `VAPID_SUBJECT`.
    /// - Throws: if it is missing, or neither `mailto:` nor `https:`.
    public func vapidSubject() throws(SettingError) -> String {
        let subject = try self.require("VAPID_SUBJECT")
        guard subject.hasPrefix("mailto:") || subject.hasPrefix("https://"), subject.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
            throw SettingError(name: "VAPID_SUBJECT", reason: "must be mailto:<address> or https://<page>")
        }
        return subject
    }
}
