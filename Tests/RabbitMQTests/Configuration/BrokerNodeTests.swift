import RabbitMQ
import Testing

@Suite struct BrokerNodeTests {
    @Test func `a URI is parsed by the specification`() throws {
        let node = try BrokerNode(url: "amqp://shop:p%40ss%2F@broker.example:5673/a%2Fb")
        #expect((node.host, node.port, node.user, node.virtualHost, node.usesTLS) == ("broker.example", 5673, "shop", "a/b", false))
        let plain = try BrokerNode(url: "amqp://localhost")
        #expect((plain.host, plain.port, plain.user, plain.virtualHost) == ("localhost", 5672, "guest", "/"))
        #expect(try BrokerNode(url: "amqp://localhost/").virtualHost == "/")
        let secure = try BrokerNode(url: "AMQPS://u:p@[::1]/x?heartbeat=5")
        #expect((secure.host, secure.port, secure.virtualHost, secure.usesTLS) == ("::1", 5671, "x", true))
    }

    @Test func `a description never shows the password`() throws {
        let node = try BrokerNode(url: "amqp://shop:hunter2@broker:5672/v")
        #expect(node.description == "amqp://broker:5672/v")
    }

    @Test(arguments: [
        "", "localhost", "http://u:hunter2@h", "amqp://", "amqp://u:hunter2@", "amqp://u:hunter2@h:0", "amqp://u:hunter2@h:65536",
        "amqp://u:hunter2@h:x", "amqp://u:hunter2%zz@h", "amqp://u:hunter2%00@h", "amqp://u:hunter2@[::1", "amqp://u:hunter2@[::1]x",
        "amqp://u:hunter2@h/a/b",
    ])
    func `an invalid URI is refused and not repeated`(url: String) throws {
        let error = try #require(throws: BrokerError.self) { try BrokerNode(url: url) }
        #expect(error.kind == .invalidURL)
        #expect(!"\(error)".contains("hunter2"))
    }

    @Test func `several nodes are separated by commas, and an empty list is refused`() throws {
        let configuration = try BrokerConfiguration(urls: "amqp://a:1/v, amqps://b:2/v", connectionName: "test")
        #expect(configuration.nodes.map(\.host) == ["a", "b"])
        #expect(configuration.nodes.map(\.usesTLS) == [false, true])
        let error = #expect(throws: BrokerError.self) { try BrokerConfiguration(urls: " , ", connectionName: "test") }
        #expect(error?.kind == .invalidURL)
    }
}
