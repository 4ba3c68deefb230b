import RabbitMQ

/// A delivery's properties in a form that another publisher can publish again.
extension Properties {
    /// Removes properties that concern only the original publisher and the broker: the broker closes the channel over a foreign `user_id`, drops the
    /// message at its `expiration`, routes copies by `CC` and `BCC`, and writes the headers that begin with `x-` itself.
    var forwarded: Properties {
        var properties = self
        properties.persistent = true
        properties.userID = nil
        properties.expiration = nil
        properties.headers = self.headers.filter { !$0.key.hasPrefix("x-") && $0.key != "CC" && $0.key != "BCC" }
        return properties
    }

    /// With a limited number of headers, texts of limited length, and no nested values.
    func cut(to limit: Int, headers count: Int) -> Properties {
        var properties = self
        properties.headers = [:]
        // In alphabetical order, so that the same message is always cut in the same way.
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

    /// Only the identifying properties: they fit into AMQP's smallest frame, together with an error.
    var bare: Properties {
        Properties(messageID: self.messageID, type: self.type, correlationID: self.correlationID, appID: self.appID, timestamp: self.timestamp)
    }

    /// With the headers about the failure.
    func with(_ failure: Envelope.Failure) -> Properties {
        var properties = self
        properties.headers[Header.errorType] = .string(failure.errorType)
        properties.headers[Header.error] = .string(failure.error)
        properties.headers[Header.firstFailedAt] = .int(failure.firstAt)
        properties.headers[Header.lastFailedAt] = .int(failure.lastAt)
        return properties
    }
}
