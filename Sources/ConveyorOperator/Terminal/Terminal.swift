import Conveyor
import FoundationEssentials
import Glibc

/// A standard stream: whether people read it, its width, and whether it shows colours.
public struct Terminal: Sendable {
    /// Whether it is a terminal, as opposed to a file or a pipe.
    public let isInteractive: Bool
    /// nil outside terminals: lines are never cut.
    let width: Int?
    let height: Int?
    let usesColour: Bool

    /// Standard output.
    public static let output = Terminal(STDOUT_FILENO)
    /// Standard output, measured again.
    static var currentOutput: Terminal { Terminal(STDOUT_FILENO) }
    /// Standard error.
    public static let error = Terminal(STDERR_FILENO)
    /// Whether a person can be asked.
    public static var canAsk: Bool { isatty(STDIN_FILENO) == 1 && Self.error.isInteractive }

    private init(_ descriptor: Int32) {
        let environment = ProcessInfo.processInfo.environment
        self.isInteractive = isatty(descriptor) == 1
        var size = winsize()
        let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        let columns = environment["COLUMNS"].flatMap { Int($0) }
        self.width = self.isInteractive ? (isKnown ? Int(size.ws_col) : columns ?? 80) : nil
        self.height = self.isInteractive && isKnown && size.ws_row > 0 ? Int(size.ws_row) : nil
        // https://no-color.org
        self.usesColour = self.isInteractive && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }

    /// The style of a text.
    public enum Style: String, Sendable {
        case plain = "0"
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case cyan = "36"
    }

    /// The text in a style, or plain without colours.
    public func styled(_ text: String, _ style: Style) -> String {
        self.usesColour && style != .plain ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text
    }

    /// Asks a yes-or-no question; Return means no.
    public static func ask(_ question: String) -> Bool {
        StandardStreams.complain("\(question) [y/N] ")
        return ["y", "yes"].contains((readLine() ?? "").lowercased())
    }

    /// A line on standard error for people, for remarks that belong in no list.
    public static func note(_ text: String) { StandardStreams.complain(text + "\n") }

    /// Prints JSON text, a line.
    public static func print(json: [UInt8]) { Swift.print(String(decoding: json, as: UTF8.self)) }

    /// Prints a value as JSON, a line.
    public static func print(json value: some Encodable) throws { self.print(json: try JSON.encode(value)) }
}
