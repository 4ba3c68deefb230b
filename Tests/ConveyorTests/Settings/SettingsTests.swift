import Shop
import Testing

@testable import Conveyor

@Suite struct SettingsTests {
    private func settings(_ environment: [String: String] = [:], file: [String: String] = [:]) -> Settings {
        Settings(environment: environment, file: file, of: .shop)
    }

    @Test func `the environment wins over the file`() throws {
        let settings = self.settings(["HOST": "10.0.0.1"], file: ["HOST": "10.0.0.2", "PORT": "9000"])
        #expect(settings.string("HOST") == "10.0.0.1")
        #expect(try settings.int("PORT", in: 1...65_535) == 9000)
    }

    @Test func `an empty value counts as not set, and in the environment it hides the file's`() throws {
        let settings = self.settings(["HOST": ""], file: ["HOST": "10.0.0.2", "SMTP_HOST": ""])
        #expect(settings.string("HOST") == "127.0.0.1")
        #expect(!settings.isSet("HOST"))
        #expect(settings.string("SMTP_HOST") == nil)
        #expect(throws: SettingError(name: "SMTP_HOST", reason: "is not set")) { try settings.require("SMTP_HOST") }
    }

    @Test func `the caller's default wins over the declared one, and a value over both`() throws {
        #expect(try self.settings().int("PORT", in: 1...65_535) == 8080)
        #expect(try self.settings().int("PORT", default: 9000, in: 1...65_535) == 9000)
        #expect(try self.settings(["PORT": "80"]).int("PORT", default: 9000, in: 1...65_535) == 80)
        #expect(self.settings().string("HOST", default: "::1") == "::1")
    }

    @Test(arguments: ["", " ", "x", "1.5", "0", "65536", "99999999999999999999", "1_000"])
    func `a malformed or out-of-range integer is refused without its value`(text: String) throws {
        let error = #expect(throws: SettingError.self) { try self.settings(["METRICS_PORT": text]).int("METRICS_PORT", in: 1...65_535) }
        #expect(error?.name == "METRICS_PORT")
        #expect(text.count < 2 || error?.description.contains(text) == false || text == "65536")
    }

    @Test func `durations may have fractions and keep their unit`() throws {
        let settings = self.settings(["START_TIMEOUT": "0.25", "PAYMENT_WINDOW_MINUTES": "0.05", "REFRESH_TOKEN_EXPIRE_DAYS": "2"])
        #expect(try settings.seconds("START_TIMEOUT") == .milliseconds(250))
        #expect(try settings.minutes("PAYMENT_WINDOW_MINUTES") == .seconds(3))
        #expect(try settings.days("REFRESH_TOKEN_EXPIRE_DAYS") == .seconds(172_800))
        #expect(try self.settings().minutes("PAYMENT_WINDOW_MINUTES") == .seconds(1800))
        #expect(try self.settings().seconds("START_TIMEOUT", default: .seconds(7)) == .seconds(7))
    }

    @Test(arguments: ["-1", "inf", "nan", "1e300", "ten", "1,5"]) func `a malformed duration is refused`(text: String) {
        #expect(throws: SettingError.self) { try self.settings(["START_TIMEOUT": text]).seconds("START_TIMEOUT") }
    }

    @Test(arguments: [("on", true), ("TRUE", true), ("off", false), ("False", false)])
    func `on, off, true and false are accepted`(text: String, value: Bool) throws {
        #expect(try self.settings(["RATE_LIMIT": text]).bool("RATE_LIMIT") == value)
    }

    @Test func `another word is neither on nor off`() {
        #expect(throws: SettingError(name: "RATE_LIMIT", reason: "must be on or off")) { try self.settings(["RATE_LIMIT": "1"]).bool("RATE_LIMIT") }
    }

    @Test func `lists are split at commas and trimmed`() throws {
        let settings = self.settings([
            "STRIPE_WEBHOOK_SECRET": " whsec_a , whsec_b,, ", "BACKEND_CORS_ORIGINS": #"["https://a.example","https://b.example"]"#,
        ])
        #expect(settings.list("STRIPE_WEBHOOK_SECRET") == ["whsec_a", "whsec_b"])
        #expect(settings.list("TRUSTED_PROXIES") == [])
        #expect(try settings.jsonList("BACKEND_CORS_ORIGINS") == ["https://a.example", "https://b.example"])
        #expect(try self.settings().jsonList("BACKEND_CORS_ORIGINS") == [])
        #expect(throws: SettingError.self) { try self.settings(["BACKEND_CORS_ORIGINS": "https://a.example"]).jsonList("BACKEND_CORS_ORIGINS") }
    }

    @Test func `one of several words is accepted in any case`() throws {
        #expect(try self.settings(["SMTP_TLS": "Implicit"]).oneOf("SMTP_TLS", values: ["starttls", "implicit", "none"]) == "implicit")
        #expect(try self.settings().oneOf("SMTP_TLS", values: ["starttls", "implicit", "none"]) == "starttls")
        #expect(throws: SettingError(name: "SMTP_TLS", reason: "must be one of starttls, implicit, none")) {
            try self.settings(["SMTP_TLS": "ssl"]).oneOf("SMTP_TLS", values: ["starttls", "implicit", "none"])
        }
    }

    @Test func `the nodes of a cluster win over the single broker`() throws {
        #expect(try self.settings(["AMQP_URL": "amqp://a", "AMQP_URLS": "amqp://b, amqps://c/v"]).brokerURLs() == "amqp://b, amqps://c/v")
        #expect(try self.settings(["AMQP_URL": "amqp://a"]).brokerURLs() == "amqp://a")
        #expect(throws: SettingError(name: "AMQP_URL", reason: "is not set")) { try self.settings().brokerURLs() }
        #expect(throws: SettingError.self) { try self.settings(["AMQP_URL": "http://a"]).brokerURLs() }
    }

    @Test(arguments: [
        ("pk_live_hunter2", "sk_test_1"), ("pk_test_hunter2", "sk_live_1"), ("pk_test_hunter2", "rk_live_1"), ("sk_test_hunter2", "sk_test_1"),
        ("rk_test_hunter2", nil), ("hunter2", nil), ("PK_test_hunter2", nil), (" pk_test_hunter2", nil),
    ])
    func `a publishable key of another kind, or of another mode than the secret key's, is refused`(key: String, secret: String?) {
        let settings = self.settings(["STRIPE_PUBLISHABLE_KEY": key, "STRIPE_SECRET_KEY": secret ?? ""])
        let error = #expect(throws: SettingError.self) { try settings.stripePublishableKey() }
        #expect(error?.name == "STRIPE_PUBLISHABLE_KEY")
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test(arguments: [("pk_live_1", "sk_live_1"), ("pk_test_1", "rk_test_1"), ("pk_live_1", nil), ("pk_test_1", "sk_org_1"), ("pk_1", "sk_live_1")])
    func `a publishable key is accepted if no other mode is known`(key: String, secret: String?) throws {
        #expect(try self.settings(["STRIPE_PUBLISHABLE_KEY": key, "STRIPE_SECRET_KEY": secret ?? ""]).stripePublishableKey() == key)
    }

    @Test(arguments: ["pk_test_hunter2", "whsec_hunter2", "hunter2"])
    func `a secret key of another kind is refused`(key: String) {
        let error = #expect(throws: SettingError.self) { try self.settings(["STRIPE_SECRET_KEY": key]).stripeSecretKey() }
        #expect(error?.name == "STRIPE_SECRET_KEY")
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test(arguments: [
        ("DATABASE_URL", "postgresql://user:hunter2@127.0.0.1:99999/shop"), ("DATABASE_URL", "postgresql://user:hun/ter2@host/shop"),
        ("DATABASE_URL", "mysql://user:hunter2@host/shop"), ("AMQP_URL", "amqp://user:hunter2@host:99999"),
        ("AMQP_URL", "amqp://user:hunter2@host/one/two"), ("CURRENCY", "USD"), ("CURRENCY", "hunter2"), ("SHOP_URL", "hunter2"),
        ("SHOP_URL", "ftp://hunter2"), ("SHOP_URL", "https://"), ("PAYMENT_WINDOW_MINUTES", "0"), ("STRIPE_BACKFILL_SECONDS", "0"),
    ])
    func `a malformed setting is refused by its name and without its value`(name: String, value: String) {
        let settings = self.settings([name: value])
        let error = #expect(throws: SettingError.self) {
            switch name {
            case "DATABASE_URL": _ = try settings.databaseURL()
            case "AMQP_URL": _ = try settings.brokerURLs()
            case "CURRENCY": _ = try settings.currency()
            case "SHOP_URL": _ = try settings.webAddress("SHOP_URL")
            case "PAYMENT_WINDOW_MINUTES": _ = try settings.minutes("PAYMENT_WINDOW_MINUTES")
            default: _ = try settings.interval("STRIPE_BACKFILL_SECONDS")
            }
        }
        #expect(error?.name == name)
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test(arguments: [
        ("TLS_CA_FILE", "/no/such/hunter2"), ("TLS_CA_FILE", "/etc/hostname"), ("HOST", "hunter2 and more"), ("SENTRY_TRACES_SAMPLE_RATE", "2"),
        ("OTEL_TRACES_SAMPLER_ARG", "hunter2"),
    ])
    func `a malformed setting of all processes is refused at once`(name: String, value: String) {
        let error = #expect(throws: SettingError.self) { try self.settings([name: value]).refuseMalformed() }
        #expect(error?.name == name)
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test func `a web address has no slashes at its end`() throws {
        #expect(try self.settings(["SHOP_URL": "https://shop.example/de//"]).webAddress("SHOP_URL") == "https://shop.example/de")
    }

    @Test func `every setting is listed once, with a meaning`() {
        let all = ConveyorApplication.shop.allSettings
        #expect(Set(all.map(\.name)).count == all.count)
        #expect(all.allSatisfy { !$0.meaning.isEmpty && !$0.readers.isEmpty })
        #expect(ConveyorApplication.shop.help(for: .email).contains("SMTP_HOST"))
    }
}
