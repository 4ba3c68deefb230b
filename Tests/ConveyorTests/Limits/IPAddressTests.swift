import Conveyor
import NIOCore
import Testing

@Suite struct IPAddressTests {
    @Test(arguments: ["192.0.2.1", "0.0.0.0", "255.255.255.255", "2001:db8::1", "::", "fe80::1"])
    func `an address survives a round trip as text`(text: String) throws { #expect(try #require(IPAddress(text)).description == text) }

    @Test(arguments: ["", "1", "192.0.2", "192.0.2.256", "192.0.2.1:80", "[::1]", "::1%eth0", "2001:db8::1::2", "localhost", "192.0.2.1\0"])
    func `a malformed address is refused`(text: String) { #expect(IPAddress(text) == nil) }

    @Test func `an IPv6 client is its network of 64 bits, an IPv4 client its address, in either form`() throws {
        let first = try #require(IPAddress("2001:db8:0:1:2:3:4:5"))
        #expect(first.network == IPAddress("2001:db8:0:1::"))
        #expect(first.network != IPAddress("2001:db8:0:2::")?.network)
        let old = try #require(IPAddress("192.0.2.1"))
        #expect(old.network == old)
        #expect(IPAddress("::ffff:192.0.2.1") == old)
        #expect(IPAddress("::192.0.2.1") != old)
        #expect(IPAddress(try SocketAddress(ipAddress: "192.0.2.1", port: 1)) == old)
        #expect(IPAddress(try SocketAddress(ipAddress: "::ffff:192.0.2.1", port: 1)) == old)
        #expect(IPAddress(try SocketAddress(ipAddress: "2001:db8:0:1:2:3:4:5", port: 1)) == first)
        #expect(IPAddress(try SocketAddress(unixDomainSocketPath: "/tmp/x")) == nil)
    }

    @Test(arguments: [
        ("10.1.2.3", "10.0.0.0", 8, true), ("11.1.2.3", "10.0.0.0", 8, false), ("10.1.2.3", "10.1.2.3", 32, true),
        ("10.1.2.3", "10.1.2.2", 32, false),
        ("10.1.2.3", "10.1.2.2", 31, true), ("203.0.113.1", "0.0.0.0", 0, true), ("2001:db8::1", "2001:db8::", 32, true),
        ("2001:db8::1", "2001:db8::2", 128, false), ("2001:db8::1", "2001:db8::2", 126, true), ("2001:db9::1", "::", 0, true),
        ("2001:db8:0:1::1", "2001:db8::", 64, false), ("10.1.2.3", "::", 0, false), ("2001:db8::1", "0.0.0.0", 0, false),
    ]) func `a network contains the addresses with its prefix`(address: String, network: String, bits: Int, isIn: Bool) throws {
        #expect(try #require(IPAddress(address)).isIn(try #require(IPAddress(network)), prefix: bits) == isIn)
    }
}
