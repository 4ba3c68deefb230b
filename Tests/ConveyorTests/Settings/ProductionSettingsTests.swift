import Testing

@testable import Conveyor
import Shop

@Suite struct ProductionSettingsTests {
    private let random = "9f2c41d7a6b05e83c1f47d209ab6e5830d7c42f19be6a85"

    private func settings(_ environment: [String: String], in place: String = "production") -> Settings {
        Settings(environment: environment.merging(["ENVIRONMENT": place]) { $1 }, of: .shop)
    }

    @Test(arguments: [
        "postgresql://u@db.example/shop", "postgresql://u@db.example/shop?sslmode=require", "postgresql://u@127.0.0.1.example/shop",
        "postgresql://u@localhost/shop?hostaddr=10.0.0.1", "postgresql://u:p@db.example/shop?sslmode=prefer",
        "postgres://u@127.0.0.1,db.example/shop",
        "postgresql:///shop?host=db.example", "postgresql://u@[2001:db8::1]:5432/shop",
    ])
    func `production refuses a remote database without a verified certificate`(url: String) {
        #expect(
            throws: SettingError(
                name: "DATABASE_URL", reason: "must have sslmode=verify-full (or verify-ca) in production, or ALLOW_PLAINTEXT must name the host")
        ) {
            try self.settings(["DATABASE_URL": url]).databaseURL()
        }
        #expect(throws: Never.self) { try self.settings(["DATABASE_URL": url], in: "development").databaseURL() }
    }

    @Test(arguments: [
        "postgresql://u@db.example/shop?sslmode=verify-ca", "postgresql://u@a.example,b.example/shop?application_name=x&sslmode=verify-full",
        "postgresql://u@127.0.0.1:5433/shop", "postgresql://localhost/shop", "postgresql://u@[::1]/shop", "postgresql:///shop?host=/run/postgresql",
        "postgresql://%2Frun%2Fpostgresql/shop",
    ])
    func `production accepts TLS, and a local database`(url: String) throws {
        #expect(try self.settings(["DATABASE_URL": url]).databaseURL() == url)
    }

    @Test(arguments: ["development", "test", "production"]) func `a key of less than 32 bytes is always refused`(place: String) {
        #expect(throws: SettingError(name: "SECRET_KEY", reason: "must have at least 32 bytes")) {
            try self.settings(["SECRET_KEY": String(self.random.prefix(31))], in: place).check(for: .shop)
        }
        #expect(throws: SettingError(name: "SECRET_KEY_PREVIOUS", reason: "must have at least 32 bytes")) {
            try self.settings(["SECRET_KEY": self.random, "SECRET_KEY_PREVIOUS": "\(self.random),short"], in: place).check(for: .shop)
        }
    }

    @Test(arguments: [
        "changeme-changeme-changeme-changeme", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "0123456789abcdef0123456789abcdef",
        "this-is-the-default-key-of-the-shop", "x7Kq2mPzx7Kq2mPzx7Kq2mPzx7Kq2mPz", "a secret that is long enough to pass",
    ])
    func `production refuses a guessable key`(key: String) {
        #expect(throws: SettingError.self) { try self.settings(["SECRET_KEY": key]).check(for: .shop) }
        #expect(throws: Never.self) { try self.settings(["SECRET_KEY": key], in: "development").check(for: .shop) }
    }

    @Test func `no random key is refused as guessable`() {
        for _ in 0..<2000 {
            let bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
            #expect(!Settings.isGuessable(bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()))
        }
    }

    @Test(arguments: [
        ("AMQP_URL", "amqp://guest:guest@broker.example"), ("AMQP_URLS", "amqp://a:\("9f2c41d7")@one,amqp://a:rabbitmq@two"),
        ("DATABASE_URL", "postgresql://postgres:postgres@db.example/shop?sslmode=require"), ("STRIPE_SECRET_KEY", "sk_test"),
        ("EMAIL_PASSWORD", "Password"),
    ])
    func `production refuses default passwords`(name: String, value: String) {
        let error = #expect(throws: SettingError.self) { try self.settings([name: value]).check(for: .shop) }
        #expect(error?.name == name)
        #expect(throws: Never.self) { try self.settings([name: value], in: "development").check(for: .shop) }
    }

    @Test(arguments: [
        ("AMQP_URL", "amqp://u:\("9f2c41d7a6b0")@broker.example"), ("AMQP_URLS", "amqps://one.example,amqp://two.example"),
        ("RABBITMQ_API", "http://u:\("9f2c41d7a6b0")@broker.example:15672"), ("STRIPE_API_BASE", "http://stripe.example"),
        ("SMS_API_BASE", "http://sms.example"), ("SENTRY_DSN", "http://key@sentry.example/1"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://otel.example:4318"),
        ("DATABASE_READ_URL", "postgresql://u@replica.example/shop?sslmode=require"),
    ])
    func `production refuses plaintext to another machine, unless it is named`(name: String, value: String) throws {
        let error = #expect(throws: SettingError.self) { try self.settings([name: value]).check(for: .shop) }
        #expect(error?.name == name && error?.reason.contains("ALLOW_PLAINTEXT") == true && error.map { "\($0)".contains("9f2c41d7a6b0") } == false)
        try self.settings([name: value], in: "development").check(for: .shop)
        try self.settings([
            name: value.replacing("http://", with: "https://").replacing("amqp://", with: "amqps://").replacing("=require", with: "=verify-full")
        ])
        .check(for: .shop)
        let hosts = "broker.example, one.example,two.example,stripe.example,sms.example,sentry.example,otel.example,replica.example"
        try self.settings([name: value, "ALLOW_PLAINTEXT": hosts]).check(for: .shop)
        #expect(throws: SettingError.self) { try self.settings([name: value, "ALLOW_PLAINTEXT": "example"]).check(for: .shop) }
    }

    @Test func `production refuses plaintext mail to another machine, and an API without rate limits`() throws {
        let plain = #expect(throws: SettingError.self) { try self.settings(["SMTP_HOST": "mail.example", "SMTP_TLS": "none"]).check(for: .shop) }
        #expect(plain?.name == "SMTP_TLS")
        try self.settings(["SMTP_HOST": "127.0.0.1", "SMTP_TLS": "none"]).check(for: .shop)
        try self.settings(["SMTP_HOST": "mail.example"]).check(for: .shop)
        let unlimited = #expect(throws: SettingError.self) { try self.settings(["RATE_LIMIT": "off"]).check(for: .shop) }
        #expect(unlimited?.name == "RATE_LIMIT")
        try self.settings(["RATE_LIMIT": "off"], in: "test").check(for: .shop)
    }

    @Test(arguments: [
        ("STRIPE_WEBHOOK_SECRET", "x"), ("STRIPE_WEBHOOK_SECRET", "whsec_9f2c41d7a6b05e83c1f47d2,x"), ("STRIPE_SECRET_KEY", "sk_live_1"),
        ("AMQP_URL", "amqps://u:x@broker.example"), ("DATABASE_URL", "postgresql://u:abc@127.0.0.1/shop"),
    ])
    func `production refuses a short secret`(name: String, value: String) {
        let error = #expect(throws: SettingError.self) { try self.settings([name: value]).check(for: .shop) }
        #expect(error?.name == name)
        #expect(throws: Never.self) { try self.settings([name: value], in: "development").check(for: .shop) }
    }

    @Test func `production starts with random secrets`() throws {
        try self.settings([
            "SECRET_KEY": self.random, "SECRET_KEY_PREVIOUS": self.random,
            "AMQP_URL": "amqp://orders:\(self.random)@127.0.0.1", "STRIPE_SECRET_KEY": "sk_test_\(self.random)",
        ]).check(for: .shop)
    }
}
