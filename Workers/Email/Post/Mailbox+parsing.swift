import Conveyor
import Transfer

extension Mailbox {
    /// Parses `ada@example.com` or `Ada Lovelace <ada@example.com>`, as in settings.
    init(parsing text: String) throws(MailError) {
        guard text.hasSuffix(">"), let open = text.lastIndex(of: "<") else {
            try self.init(text)
            return
        }
        var name = text[..<open]
        while let last = name.last, last.isWhitespace || last == "\"" { name.removeLast() }
        while let first = name.first, first.isWhitespace || first == "\"" { name.removeFirst() }
        try self.init(String(text[text.index(after: open)...].dropLast()), name: name.isEmpty ? nil : String(name))
    }

    /// The mailbox in a setting.
    /// - Throws: `SettingError` if it is missing or malformed.
    init(setting: Setting, of settings: Settings) throws(SettingError) {
        let text = try settings.require(setting)
        do throws(MailError) {
            try self.init(parsing: text)
        } catch {
            throw SettingError(name: setting.name, reason: "is not an address: \(error)")
        }
    }
}
