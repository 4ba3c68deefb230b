import FoundationEssentials
import Logging
import Testing

@testable import Conveyor

@Suite struct LogsTests {
    @Test func `a line is one JSON object with time, level, part, message and the metadata`() throws {
        let pipe = LogPipe()
        let before = Clock.milliseconds()
        pipe.logger().info(
            "orders.place handled \"now\"\nreally \u{1}",
            metadata: [
                "order_id": "4711", "ms": .stringConvertible(2.5), "attempt": .stringConvertible(Int16(3)), "list": ["a", "b"], "nested": ["x": "y"],
            ])
        let line = try #require(try pipe.objects().first)
        #expect((before...Clock.milliseconds()).contains(Clock.milliseconds(line.time)))
        #expect((line.level, line.part, line.message) == ("info", "orders-worker", "orders.place handled \"now\"\nreally \u{1}"))
        #expect((line.order_id, line.ms, line.attempt, line.logger) == ("4711", 2.5, 3, nil))
        #expect(line.list == ["a", "b"])
        #expect(line.nested == ["x": "y"])
    }

    @Test func `a line begins with its time and keeps the order of its members`() throws {
        let pipe = LogPipe()
        pipe.logger().info("m", metadata: ["b": "2", "a": "1", "level": "mine"])
        let line = try #require(pipe.lines().first)
        #expect(line.hasPrefix(#"{"time":""#))
        #expect(line.hasSuffix(#"Z","level":"info","part":"orders-worker","message":"m","a":"1","b":"2","level_":"mine"}"#))
    }

    @Test func `the event's metadata wins over the provider's and that over the logger's`() throws {
        let pipe = LogPipe()
        var logger = pipe.logger(label: "pool", provider: .init { ["order_id": "provider", "attempt": .stringConvertible(2)] })
        logger[metadataKey: "order_id"] = "logger"
        logger[metadataKey: "attempt"] = .stringConvertible(1)
        logger.info("m", metadata: ["order_id": "event"])
        let line = try #require(try pipe.objects().first)
        #expect((line.order_id, line.attempt, line.logger) == ("event", 2, "pool"))
    }

    @Test(arguments: [
        "password", "client_secret", "Authorization", "access_token", "SECRET_KEY", "key", "api-key", "set-cookie", "sentry_dsn",
    ]) func `a field with a secret's name is not shown`(name: String) {
        for format in Logs.Format.allCases {
            let pipe = LogPipe()
            let list: Logger.MetadataValue = ["hunter2", ["deep": ["\(name)": "hunter2"]]]
            pipe.logger(format).info("m", metadata: ["\(name)": "hunter2", "nested": ["\(name)": "hunter2"]])
            pipe.logger(format).info("m", metadata: ["\(name)": list, "other": ["x", ["\(name)": "hunter2"]]])
            let lines = pipe.lines()
            #expect(lines.count == 2)
            #expect(lines.allSatisfy { !$0.contains("hunter2") && $0.contains("[redacted]") })
        }
    }

    @Test(arguments: [
        "amqp://shop:hunter2@broker.example/v", "sk_test_hunter2hunter2", "whsec_hunter2hunter2", "pi_1_secret_hunter2hunter2",
        "Authorization: Bearer hunter2",
        "https://hunter2hunter2hunter2hunter2@sentry.example/7", "rk_live_hunter2hunter2 was refused", "token eyJhunter2hunter2hunter2.x.y",
    ]) func `a value or a message that looks like a secret is not shown`(text: String) {
        for format in Logs.Format.allCases {
            let pipe = LogPipe()
            pipe.logger(format).info("\(text)", metadata: ["detail": "\(text)", "list": ["\(text)"]])
            #expect(pipe.lines().allSatisfy { !$0.contains("hunter2") })
        }
    }

    @Test(arguments: [
        ("4242424242424242", "[redacted]"), ("card 4242 4242 4242 4242 expired", "card [redacted] expired"),
        ("378282246310005, 5555-5555-5555-4444.", "[redacted], [redacted]."),
    ]) func `a card number is not shown`(text: String, cleaned: String) {
        #expect(Redaction.cleaned(text) == cleaned)
    }

    @Test(arguments: [
        "4242424242424241", "1700000000000", "1700000000000000 us", "0198c6ea-4242-7242-8242-424242424242", "pi_4242424242424242",
        "order 4242424242424242x",
        "00-42424242424242424242424242424242-4242424242424242-01", "2026-11-23T21:04:05.123Z 42",
    ]) func `another long number is shown`(text: String) {
        #expect(Redaction.cleaned(text) == text)
    }

    @Test(arguments: ["mail to ann@shop.example", "routing_key orders.place", "a task_key", "http://shop.example/a?b=c", "between us"])
    func `harmless values are shown`(text: String) {
        #expect(Redaction.cleaned(text) == text)
        #expect(!Redaction.isSecret(name: "routing_key"))
        #expect(!Redaction.isSecret(name: "operation_id"))
    }

    @Test func `a pretty line is readable, and external text cannot begin another one`() throws {
        let pipe = LogPipe()
        pipe.logger(.pretty).warning("paid\n12:00:00.000 info forged \u{1B}[2J", metadata: ["order_id": "47\r\n11"])
        let lines = pipe.lines()
        #expect(lines.count == 1)
        let line = try #require(lines.first)
        #expect(line.dropFirst(12).hasPrefix(" warning  paid\u{FFFD}12:00:00.000 info forged \u{FFFD}[2J  order_id=47\u{FFFD}\u{FFFD}11"))
        #expect(!line.contains("\u{1B}"))
    }

    @Test func `the level of all loggers without their own changes at run time`() throws {
        let pipe = LogPipe()
        let following = Logger(label: "a") { LineLogHandler(part: "p", label: $0, format: .json, colours: false, output: pipe.writer) }
        var own = following
        own.logLevel = .error
        let before = Logs.level
        defer { Logs.level = before }
        Logs.level = .warning
        following.info("no")
        following.warning("yes")
        Logs.level = .debug
        following.debug("yes")
        own.warning("no")
        #expect(try pipe.objects().map(\.message) == ["yes", "yes"])
    }

    @Test func `an event's error is logged`() throws {
        let pipe = LogPipe()
        pipe.logger().error("failed", error: SettingError(name: "PORT", reason: "is not set"))
        #expect(try pipe.objects().first?.error == "PORT is not set")
    }
}
