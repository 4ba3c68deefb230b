import Conveyor
import HTTPTypes
import Shop
import Testing

@testable import Ingress

@Suite struct ClientAddressTests {
    private static let proxy = "10.0.0.1"

    private func client(_ forwarded: [String], from peer: String = Self.proxy) throws -> String {
        let clients = try ClientAddress(settings: Settings(environment: ["TRUSTED_PROXIES": "10.0.0.0/8, 2001:db8:ff::/48"], of: .shop))
        var headers: HTTPFields = [:]
        for line in forwarded { headers.append(HTTPField(name: .xForwardedFor, value: line)) }
        return clients.client(of: headers, peer: try #require(IPAddress(peer))).description
    }

    @Test(arguments: [
        "198.51.100.7", "198.51.100.7:40007", " 198.51.100.7 ", "\"198.51.100.7:1\"", "::ffff:198.51.100.7", "[::ffff:198.51.100.7]:50001",
        "198.51.100.7, 10.9.9.9", "198.51.100.7:1,[2001:db8:ff::1]:443", "203.0.113.9, 198.51.100.7", "unknown, 198.51.100.7",
    ]) func `a trusted proxy names the client in any of the usual forms`(line: String) throws {
        #expect(try self.client([line]) == "198.51.100.7")
    }

    @Test(arguments: ["2001:db8::7", "[2001:db8::7]", "[2001:db8::7]:50001", "\"[2001:db8::7]:1\"", "2001:db8::7%eth0", "2001:DB8:0:0::7"])
    func `an IPv6 address may have brackets, a port and a zone`(line: String) throws { #expect(try self.client([line]) == "2001:db8::7") }

    @Test(arguments: [
        "unknown", "_hidden", "", "198.51.100.7:", "198.51.100.7:x", "198.51.100.7:99999", "[2001:db8::7", "[2001:db8::7]x", "198.51.100.256",
        "198.51.100.7, unknown",
    ]) func `an unreadable address counts as the proxy's own`(line: String) throws { #expect(try self.client([line]) == Self.proxy) }

    @Test func `several header lines form one list, and no other peer is trusted`() throws {
        #expect(try self.client(["203.0.113.9", "198.51.100.7, 10.2.3.4"]) == "198.51.100.7")
        #expect(try self.client(["198.51.100.7"], from: "192.0.2.1") == "192.0.2.1")
        #expect(try self.client([]) == Self.proxy)
    }

    @Test(arguments: ["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "proxy", "::/129", "10.0.0.0/8/8", "/"])
    func `an invalid network is refused at the start`(text: String) {
        #expect(throws: SettingError.self) { try ClientAddress(settings: Settings(environment: ["TRUSTED_PROXIES": text], of: .shop)) }
    }
}
