/// A failed call to the broker. Contains no password and no part of a message.
public struct BrokerError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure, as far as a program has to distinguish it.
    public enum Kind: Sendable, Hashable {
        /// The URL, or the setting that contains it, is not valid.
        case invalidURL
        /// No connection: refused, unknown host, timed out, lost, or a peer that does not speak TLS where it should.
        case unreachable
        /// The peer's certificate is not trusted.
        case untrusted
        /// The broker refuses the login or the virtual host.
        case accessRefused
        /// The broker closed the channel or the connection; ``BrokerError/code`` says why.
        case closedByBroker
        /// An internal failure of the client: out of memory, or a protocol violation.
        case `internal`
    }

    /// An AMQP reply code of `channel.close` or `connection.close` (AMQP 0-9-1, section 1.3: 404 not found, 406 precondition failed, …).
    public struct ReplyCode: RawRepresentable, Sendable, Hashable {
        /// The code as the broker sent it.
        public let rawValue: UInt16
        /// The code of the given number.
        public init(rawValue: UInt16) { self.rawValue = rawValue }

        /// 320: an operator, or a shutdown, closed the connection.
        public static let connectionForced = ReplyCode(rawValue: 320)
        /// 402: no such virtual host, in `connection.open`.
        public static let invalidPath = ReplyCode(rawValue: 402)
        /// 403: wrong password, or no permission.
        public static let accessRefused = ReplyCode(rawValue: 403)
        /// 404: no such queue or exchange.
        public static let notFound = ReplyCode(rawValue: 404)
        /// 405: another connection's exclusive queue.
        public static let resourceLocked = ReplyCode(rawValue: 405)
        /// 406: different arguments, an unknown delivery tag, or a delivery that was held longer than `consumer_timeout`.
        public static let preconditionFailed = ReplyCode(rawValue: 406)
        /// 530: no such virtual host, or not for this user.
        public static let notAllowed = ReplyCode(rawValue: 530)
    }

    /// The kind of failure.
    public let kind: Kind
    /// One line for people.
    public let message: String
    /// The broker's reply code, if it sent one.
    public let code: ReplyCode?

    init(_ kind: Kind, _ message: String, code: ReplyCode? = nil) {
        self.kind = kind
        self.message = message
        self.code = code
    }

    static func invalidURL(_ message: String) -> BrokerError { BrokerError(.invalidURL, message) }
    static func unreachable(_ message: String) -> BrokerError { BrokerError(.unreachable, message) }

    /// Whether a retry may succeed without a change of the settings.
    public var isRetriable: Bool {
        switch self.kind {
        case .unreachable, .closedByBroker: true
        case .invalidURL, .untrusted, .accessRefused, .internal: false
        }
    }

    /// The message, with the broker's code.
    public var description: String { self.code.map { "\(self.message) (\($0.rawValue))" } ?? self.message }
}
