import Conveyor
import Transfer

extension Mailbox {
    /// `ada@example.com` or `Ada Lovelace <ada@example.com>`, as settings have it.
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

    /// The mailbox that a setting names.
    /// - Throws: `SettingError` if it is not set, or no mailbox.
    init(setting: Setting, of settings: Settings) throws(SettingError) {
        let text = try settings.require(setting)
        do throws(MailError) {
            try self.init(parsing: text)
        } catch {
            throw SettingError(name: setting.name, reason: "is no address: \(error)")
        }
    }
}
