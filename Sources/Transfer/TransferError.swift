import CCurl

/// A failed transfer.
public struct TransferError: Error, Sendable, Hashable {
    /// libcurl's `CURLcode` (curl.se/libcurl/c/libcurl-errors.html), an open set; negative ones belong to this module.
    public struct Code: RawRepresentable, Sendable, Hashable {
        /// The number.
        public let rawValue: Int32

        /// Any number.
        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// The request itself is invalid: a line break in a header, a method that is not a token, a malformed address.
        public static let invalidRequest = Code(rawValue: -1)
        /// The caller's task was cancelled.
        public static let cancelled = Code(rawValue: -2)
        /// The answer exceeds the request's limit.
        public static let responseTooLarge = Code(rawValue: -3)
        /// The request may not connect to an address of its host.
        public static let addressForbidden = Code(rawValue: -4)
        /// The name server knows no such host. Only for requests with a rule for addresses (``HTTPRequest/mayConnect``).
        public static let unknownHost = Code(rawValue: -5)
        /// `CURLE_UNSUPPORTED_PROTOCOL`
        public static let unsupportedProtocol = Code(rawValue: 1)
        /// `CURLE_URL_MALFORMAT`
        public static let malformedURL = Code(rawValue: 3)
        /// `CURLE_COULDNT_RESOLVE_HOST`
        public static let couldNotResolveHost = Code(rawValue: 6)
        /// `CURLE_COULDNT_CONNECT`
        public static let couldNotConnect = Code(rawValue: 7)
        /// `CURLE_WEIRD_SERVER_REPLY`
        public static let unexpectedReply = Code(rawValue: 8)
        /// `CURLE_OUT_OF_MEMORY`
        public static let outOfMemory = Code(rawValue: 27)
        /// `CURLE_OPERATION_TIMEDOUT`
        public static let timedOut = Code(rawValue: 28)
        /// `CURLE_SSL_CONNECT_ERROR`
        public static let tlsHandshakeFailed = Code(rawValue: 35)
        /// `CURLE_GOT_NOTHING`: the server closed the connection without an answer.
        public static let gotNothing = Code(rawValue: 52)
        /// `CURLE_SEND_ERROR`
        public static let sendFailed = Code(rawValue: 55)
        /// `CURLE_RECV_ERROR`
        public static let receiveFailed = Code(rawValue: 56)
        /// `CURLE_PEER_FAILED_VERIFICATION`: the certificate is not trusted, not this host's, or out of date.
        public static let certificateRefused = Code(rawValue: 60)
        /// `CURLE_USE_SSL_FAILED`: TLS is required and the server offers none.
        public static let tlsNotOffered = Code(rawValue: 64)
        /// `CURLE_LOGIN_DENIED`
        public static let loginDenied = Code(rawValue: 67)
        /// `CURLE_SSL_CACERT_BADFILE`
        public static let badCAFile = Code(rawValue: 77)
    }

    /// The code of the failure.
    public let code: Code
    /// Whether bytes of the request were sent: the server may have acted on it without an answer.
    public let mayHaveBeenSent: Bool
    /// libcurl's message: hosts, ports, system errors; never a header, body, path or password.
    public let message: String

    /// An error; for doubles and tests.
    public init(code: Code, mayHaveBeenSent: Bool = false, message: String) {
        self.code = code
        self.mayHaveBeenSent = mayHaveBeenSent
        self.message = message
    }

    /// Whether a retry may succeed: true for failures of the network or the server, false for invalid and cancelled requests. If the
    /// request is not idempotent, check ``mayHaveBeenSent`` first.
    public var isRetriable: Bool {
        switch self.code {
        case .invalidRequest, .cancelled, .responseTooLarge, .unsupportedProtocol, .malformedURL, .unknownHost: false
        default: true
        }
    }
}

extension TransferError {
    static let forbidden = TransferError(code: .addressForbidden, message: "the host has an address that is not allowed")
    static let outOfMemory = TransferError(code: .outOfMemory, message: "out of memory")
}

extension TransferError.Code {
    init(_ code: CURLcode) { self.init(rawValue: Int32(bitPattern: code.rawValue)) }
}

extension TransferError: CustomStringConvertible {
    /// For logs: the message, the code, and whether the request may have been sent.
    public var description: String {
        "\(self.message) (\(self.code.rawValue)\(self.mayHaveBeenSent ? ", may have been sent" : ""))"
    }
}
