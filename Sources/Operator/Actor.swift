import FoundationEssentials
import Glibc
import Kit

/// Who acts, as the audit log and the messages that an act sends have it: `operator:<name>`.
enum Actor {
    /// Of `CONVEYOR_OPERATOR`; else whoever is signed in, also behind sudo.
    static func current(_ settings: Settings) -> String {
        let signedIn = ProcessInfo.processInfo.environment["SUDO_USER"] ?? getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) }
        return self.named(settings.string("CONVEYOR_OPERATOR") ?? signedIn ?? "unknown")
    }

    /// An operator of that name.
    static func named(_ name: String) -> String {
        // It travels in headers and stands in tables for people: short, and without what cannot be seen.
        let visible = String(name.unicodeScalars.filter { $0.properties.generalCategory != .control && !$0.properties.isWhitespace }.prefix(64))
        return "operator:" + (visible.isEmpty ? "unknown" : visible)
    }
}
