import Fixtures
import RabbitMQ

/// A virtual host with a quorum queue `q`.
func withQueue<Result>(isolation: isolated (any Actor)? = #isolation, _ body: (VirtualHost) async throws -> Result) async throws -> Result {
    try await withVirtualHost { host in
        try await host.declareQueue("q")
        return try await body(host)
    }
}

extension Delivery {
    var text: String { String(decoding: self.body, as: UTF8.self) }
}

extension Outgoing {
    /// A message for a queue, by the default exchange, with its text as id.
    static func text(_ text: String, to queue: String = "q") -> Outgoing {
        Outgoing(exchange: "", routingKey: queue, properties: Properties(messageID: text), body: Array(text.utf8))
    }

    /// Messages `0`, `1`, …
    static func numbered(_ numbers: Range<Int>, to queue: String = "q") -> [Outgoing] { numbers.map { .text("\($0)", to: queue) } }
}
