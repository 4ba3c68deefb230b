import Conveyor
import Shop
import Testing

/// Addresses to which the shop sends no requests.
@Suite struct OutwardAddressesTests {
    @Test(arguments: [
        "127.0.0.1", "127.255.255.255", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "0.1.2.3",
        "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1",
        "fe80::1%eth0", "fd00::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1",
        "2002:7f00:1::", "2001::1", "2001:db8::1", "3fff::1", "100::1", "none",
    ]) func `a private address is not allowed`(_ address: String) throws {
        #expect(try !OutwardAddresses(Settings(environment: [:], of: .shop)).allow(address))
        #expect(try OutwardAddresses(Settings(environment: ["WEBHOOKS_ALLOW_PRIVATE": "on"], of: .shop)).allow(address))
    }

    @Test(arguments: ["8.8.8.8", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8"])
    func `a public one is allowed`(_ address: String) throws { #expect(try OutwardAddresses(Settings(environment: [:], of: .shop)).allow(address)) }

    @Test(arguments: [
        "http://shop.example/", "https://127.0.0.1/", "https://127.1", "https://0x7f.1:8443/x", "https://2130706433", "https://017700000001/",
        "https://[::1]/",
        "https://[::ffff:a00:1]:443/", "https://localhost", "https://a.localhost./", "https://169.254.169.254/latest/meta-data",
        "ftp://shop.example/",
        "https://user@shop.example/", "https://", "", "https:///x", "https://10.0.0.1.", "https://\u{0}",
    ]) func `a URL with a private address is refused`(_ url: String) throws {
        #expect(try OutwardAddresses(Settings(environment: [:], of: .shop)).refusal(of: url) != nil)
    }

    @Test func `a public URL is accepted, and with WEBHOOKS_ALLOW_PRIVATE a private one too`() throws {
        #expect(try OutwardAddresses(Settings(environment: [:], of: .shop)).refusal(of: "https://hooks.partner.example:8443/a?b=c") == nil)
        let open = try OutwardAddresses(Settings(environment: ["WEBHOOKS_ALLOW_PRIVATE": "on"], of: .shop))
        #expect(open.refusal(of: "http://127.0.0.1:9000/hook") == nil)
        #expect(open.refusal(of: "gopher://127.0.0.1") != nil)
    }
}
