/// Field tables with RabbitMQ's types (https://www.rabbitmq.com/amqp-0-9-1-errata#section_3).
extension FrameBuffer {
    mutating func append(_ table: [String: HeaderValue]) {
        let size = self.end
        self.append(UInt32(0))
        for (name, value) in table {
            self.append(short: name)
            self.append(value)
        }
        self.patchSize(at: size)
    }

    private mutating func append(_ value: HeaderValue) {
        switch value {
        case .string(let text):
            self.append(UInt8(ascii: "S"))
            self.append(long: text.utf8)
        case .int(let number):
            self.append(UInt8(ascii: "l"))
            self.append(number)
        case .bool(let flag):
            self.append(UInt8(ascii: "t"))
            self.append(UInt8(flag ? 1 : 0))
        case .double(let number):
            self.append(UInt8(ascii: "d"))
            self.append(number.bitPattern)
        case .decimal(let unscaled, let scale):
            self.append(UInt8(ascii: "D"))
            self.append(scale)
            self.append(unscaled)
        case .timestamp(let seconds):
            self.append(UInt8(ascii: "T"))
            self.append(seconds)
        case .bytes(let bytes):
            self.append(UInt8(ascii: "x"))
            self.append(long: bytes)
        case .void:
            self.append(UInt8(ascii: "V"))
        case .table(let table):
            self.append(UInt8(ascii: "F"))
            self.append(table)
        case .array(let values):
            self.append(UInt8(ascii: "A"))
            let size = self.end
            self.append(UInt32(0))
            for value in values { self.append(value) }
            self.patchSize(at: size)
        }
    }
}
