import Conveyor
import Crypto
import Shop
import Testing

@testable import Ingress

@Suite struct StripeSignatureTests {
    static let now: Int64 = 1_800_000_000
    static let body = Array(#"{"id":"evt_1"}"#.utf8)

    static func mac(_ secret: String, time: Int64 = Self.now, _ body: [UInt8] = Self.body) -> String {
        HMAC<SHA256>.authenticationCode(for: Array("\(time).".utf8) + body, using: SymmetricKey(data: Array(secret.utf8)))
            .map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined()
    }

    private func accepts(_ header: String?, secrets: [String] = ["whsec_old", "whsec_new"]) -> Bool {
        do throws(Problem) {
            let claim = try StripeSignature.claim(header, now: Self.now)
            try StripeSignature(secrets: secrets).verify(claim, of: Self.body)
            return true
        } catch {
            #expect(error.code == .badSignature)
            return false
        }
    }

    @Test func `a signature with any of the secrets is accepted, among others`() {
        for secret in ["whsec_old", "whsec_new"] {
            #expect(self.accepts("t=\(Self.now),v1=\(Self.mac(secret))"))
            let wrong = String(repeating: "0", count: 64)
            #expect(self.accepts("t=\(Self.now), v1=\(wrong),v0=\(wrong),v1=\(Self.mac(secret).uppercased())"))
        }
        #expect(!self.accepts("t=\(Self.now),v1=\(Self.mac("whsec_other"))"))
        #expect(!self.accepts("t=\(Self.now),v0=\(Self.mac("whsec_new"))"))
        #expect(!self.accepts("t=\(Self.now),v1=\(Self.mac("whsec_new", [1] + Self.body))"))
    }

    @Test func `at most eight signatures are checked`() {
        let wrong = String(repeating: ",v1=" + String(repeating: "0", count: 64), count: 7)
        #expect(self.accepts("t=\(Self.now)\(wrong),v1=\(Self.mac("whsec_new"))"))
        #expect(!self.accepts("t=\(Self.now)\(wrong)\(wrong),v1=\(Self.mac("whsec_new"))"))
    }

    @Test(arguments: [
        nil, "", "t", "t=", "t=now,v1=00", "v1=00", "t=1800000000", "t=1800000000,v1=", "t=1800000000,v1=zz", "t=-9223372036854775808,v1=00",
        "t=9223372036854775807,v1=00", "t=99999999999999999999,v1=00", ",,,", "=,=", "t=1800000000,v1=\(String(repeating: "é", count: 32))",
    ]) func `a malformed or outdated header is refused before the body is read`(header: String?) {
        #expect(throws: Problem.self) { try StripeSignature.claim(header, now: Self.now) }
    }

    @Test(arguments: [(300, true), (301, false), (-300, true), (-301, false)])
    func `a signature is valid for five minutes`(age: Int64, isGood: Bool) {
        #expect(self.accepts("t=\(Self.now - age),v1=\(Self.mac("whsec_new", time: Self.now - age))") == isGood)
    }
}
