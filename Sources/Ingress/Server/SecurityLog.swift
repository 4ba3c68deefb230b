import Conveyor
import Crypto
import HTTPTypes
import Hummingbird
import Logging
import Shop

/// Log lines about granted and refused access: one per event, never sampled, but limited so that attackers cannot fill the disk.
struct SecurityLog: Sendable {
    /// Lines per second in the long run. The next line reports how many were dropped.
    private static let bound = 20

    private let log: SampledLog

    init(logger: Logger) { self.log = SampledLog(logger: logger, perSecond: Self.bound, level: .notice) }

    /// Logs a request that was refused because of its sender, or a sign-in.
    /// - Parameter code: of the problem in the answer; nil if it was not a problem.
    func note(_ request: Request, _ context: IngressContext, route: String, status: Int, code: Problem.Code?) {
        let outcome: String
        switch code {
        case .unauthorized, .badCredentials, .tokenExpired, .forbidden, .userInactive, .wrongPassword, .rateLimited, .badSignature, .badResetToken:
            outcome = code?.rawValue ?? ""
        case nil where status == 200 && route == "/api/v1/auth/login": outcome = "signed_in"
        default: return
        }
        self.log.log {
            var metadata: Logger.Metadata = [
                "outcome": .string(outcome), "client": .stringConvertible(context.client),
                "method": .string(RequestIdentity.knownMethod(request.method)),
                "route": .string(route), "status": .stringConvertible(status), "request_id": .string(context.requestID),
            ]
            let ids = context.trace.ids
            if let user = ids.userID ?? Self.holder(of: request.headers[.authorization]) { metadata["user_id"] = .stringConvertible(user) }
            if let email = ids.emailHash { metadata["email_hash"] = .string(email) }
            return ("security", metadata)
        }
    }

    /// The subject that the token claims: a refused token need not be true.
    private static func holder(of authorization: String?) -> ID? {
        struct Claims: Decodable { var sub: String }
        guard let parts = authorization?.split(separator: ".", maxSplits: 3), parts.count == 3, parts[1].utf8.count <= 2048,
            let bytes = Base64URL.decode(parts[1].utf8), let claims = try? JSON.decode(Claims.self, from: bytes)
        else { return nil }
        return ID(claims.sub)
    }

    /// An e-mail address in log lines: a keyed hash, so equal for equal addresses and unreadable without the key.
    static func hash(_ email: String, secret: String) -> String {
        let key = SymmetricKey(data: Array("conveyor.log.\(secret)".utf8))
        return HMAC<SHA256>.authenticationCode(for: Array(email.lowercased().utf8), using: key).prefix(8)
            .reduce("") { $0 + String(UInt16($1) + 0x100, radix: 16).dropFirst() }
    }
}
