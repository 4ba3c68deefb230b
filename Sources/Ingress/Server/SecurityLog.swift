import Conveyor
import Crypto
import HTTPTypes
import Hummingbird
import Logging
import Shop

/// Lines about who was let in and who was not: each for itself, never sampled, only bounded, so that nobody can fill the disk.
struct SecurityLog: Sendable {
    /// Lines a second in the long run. How many were left out stands in the next one.
    private static let bound = 20

    private let log: SampledLog

    init(logger: Logger) { self.log = SampledLog(logger: logger, perSecond: Self.bound, level: .notice) }

    /// Notes a request that was refused for who sent it, or that signed somebody in.
    /// - Parameter code: of the problem that it was answered with; nil if it was with none.
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

    /// Whose token it says it is: what was refused need not be true.
    private static func holder(of authorization: String?) -> ID? {
        struct Claims: Decodable { var sub: String }
        guard let parts = authorization?.split(separator: ".", maxSplits: 3), parts.count == 3, parts[1].utf8.count <= 2048,
            let bytes = Base64URL.decode(parts[1].utf8), let claims = try? JSON.decode(Claims.self, from: bytes)
        else { return nil }
        return ID(claims.sub)
    }

    /// An e-mail address as lines show it: the same one each time, and nobody's without the key.
    static func hash(_ email: String, secret: String) -> String {
        let key = SymmetricKey(data: Array("conveyor.log.\(secret)".utf8))
        return HMAC<SHA256>.authenticationCode(for: Array(email.lowercased().utf8), using: key).prefix(8)
            .reduce("") { $0 + String(UInt16($1) + 0x100, radix: 16).dropFirst() }
    }
}
