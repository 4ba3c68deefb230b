import Conveyor
import Shop
import Testing

/// The signature of Standard Webhooks, and sealed secrets.
@Suite struct WebhookSecretTests {
    @Test func `the specification's example is signed as the specification says`() throws {
        // github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, "Verifying signatures"; the same in its libraries' tests.
        let secret = try #require(WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        #expect(
            secret.signature(id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330, body: Array(#"{"test": 2432232314}"#.utf8))
                == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test func `each new secret has 256 bits and differs from all others`() throws {
        let secrets = (0..<100).map { _ in WebhookSecret() }
        #expect(Set(secrets.map(\.text)).count == 100)
        for secret in secrets { #expect(secret.text.hasPrefix("whsec_") && secret.text.utf8.count == 6 + 44 && WebhookSecret(secret.text) == secret) }
        for text in ["", "whsec_", "whsec_AAAA", "x", "whsec_" + String(repeating: "A", count: 1000)] { #expect(WebhookSecret(text) == nil) }
        #expect(WebhookSecret(of: ID(high: 1, low: 2), key: "k") == WebhookSecret(of: ID(high: 1, low: 2), key: "k"))
        #expect(WebhookSecret(of: ID(high: 1, low: 3), key: "k") != WebhookSecret(of: ID(high: 1, low: 2), key: "k"))
    }

    @Test func `a sealed text is opened only by its key, which after a change is the previous one`() throws {
        let old = SecretBox(secrets: ["an old key of at least 32 bytes, or so"])
        let both = SecretBox(secrets: ["a new key of at least 32 bytes, or so", "an old key of at least 32 bytes, or so"])
        let sealed = try old.seal("whsec_secret")
        #expect(try !sealed.contains("secret") && sealed != old.seal("whsec_secret"))
        #expect(old.open(sealed) == "whsec_secret" && both.open(sealed) == "whsec_secret")
        #expect(old.isCurrent(sealed) && !both.isCurrent(sealed))
        #expect(try old.open(both.seal("x")) == nil)
        for broken in ["", ".", "x.y", sealed + "A", String(sealed.dropLast()), String(sealed.reversed())] { #expect(old.open(broken) == nil) }
    }

    @Test func `a pattern stands for the matching types of public events`() {
        #expect(PublicEvents.types(of: ["stock.low"]) == ["stock.low"])
        #expect(PublicEvents.types(of: ["stock.*"]) == ["stock.low", "stock.refused", "stock.released", "stock.reserved"])
        #expect(PublicEvents.types(of: ["*"]).count == PublicEvents.all.count && PublicEvents.all.count == 25)
        for pattern in ["", "**", "order", "order.", ".*", "*.paid", "order.lost", "operation.finished", "ingress.beat", "operation.*", "order.**"] {
            #expect(!PublicEvents.isPattern(pattern), "\(pattern)")
        }
    }
}
