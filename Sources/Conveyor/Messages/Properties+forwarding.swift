import RabbitMQ

/// A delivery's properties as another publisher may publish them again.
extension Properties {
    /// Without what is between one publisher and the broker: the broker closes the channel over a `user_id` that is not the connection's own, drops the
    /// message at its `expiration`, routes copies by `CC` and `BCC`, and writes the headers that begin with `x-` itself.
    var forwarded: Properties {
        var properties = self
        properties.persistent = true
        properties.userID = nil
        properties.expiration = nil
        properties.headers = self.headers.filter { !$0.key.hasPrefix("x-") && $0.key != "CC" && $0.key != "BCC" }
        return properties
    }

    /// With at most so many headers, texts of at most so many bytes, and nothing nested.
    func cut(to limit: Int, headers count: Int) -> Properties {
        var properties = self
        properties.headers = [:]
        // Names in their order, so that the same message is cut in the same way each time.
        for (name, value) in self.headers.sorted(by: { $0.key < $1.key }).prefix(count) {
            switch value {
            case .string(let text): properties.headers[name] = .string(text.bounded(to: limit))
            case .bytes(let bytes): properties.headers[name] = .bytes(Array(bytes.prefix(limit)))
            case .int, .bool, .double, .decimal, .timestamp, .void: properties.headers[name] = value
            case .table, .array: properties.headers[name] = .void
            }
        }
        return properties
    }

    /// Only what tells the message from others: fits into the smallest frame that AMQP allows, with an error beside it.
    var bare: Properties {
        Properties(messageID: self.messageID, type: self.type, correlationID: self.correlationID, appID: self.appID, timestamp: self.timestamp)
    }

    /// With the headers that say what failed.
    func with(_ failure: Envelope.Failure) -> Properties {
        var properties = self
        properties.headers[Header.errorType] = .string(failure.errorType)
        properties.headers[Header.error] = .string(failure.error)
        properties.headers[Header.firstFailedAt] = .int(failure.firstAt)
        properties.headers[Header.lastFailedAt] = .int(failure.lastAt)
        return properties
    }
}
