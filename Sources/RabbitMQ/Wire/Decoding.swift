import CRabbitMQ

/// Copies decoded values out of librabbitmq's memory; keeps no pointer.
enum Decoding {
    /// The depth below which tables are cut off: walking deeper ones would overflow the stack.
    static let nestingLimit = 32

    static func bytes(_ bytes: amqp_bytes_t) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.len)
    }

    /// Broken UTF-8 is replaced by U+FFFD.
    static func text(_ bytes: amqp_bytes_t) -> String { unsafe String(decoding: Self.bytes(bytes), as: UTF8.self) }

    static func properties(_ raw: borrowing amqp_basic_properties_t) -> Properties {
        let flags = PropertyFlags(rawValue: UInt16(truncatingIfNeeded: unsafe raw._flags))
        var properties = Properties(persistent: false)
        if flags.contains(.messageID) { properties.messageID = unsafe self.text(raw.message_id) }
        if flags.contains(.type) { properties.type = unsafe self.text(raw.type) }
        if flags.contains(.contentType) { properties.contentType = unsafe self.text(raw.content_type) }
        if flags.contains(.contentEncoding) { properties.contentEncoding = unsafe self.text(raw.content_encoding) }
        if flags.contains(.correlationID) { properties.correlationID = unsafe self.text(raw.correlation_id) }
        if flags.contains(.replyTo) { properties.replyTo = unsafe self.text(raw.reply_to) }
        if flags.contains(.expiration) { properties.expiration = unsafe self.text(raw.expiration) }
        if flags.contains(.userID) { properties.userID = unsafe self.text(raw.user_id) }
        if flags.contains(.appID) { properties.appID = unsafe self.text(raw.app_id) }
        if flags.contains(.timestamp) { properties.timestamp = Int64(bitPattern: unsafe raw.timestamp) }
        if flags.contains(.priority) { properties.priority = unsafe raw.priority }
        if flags.contains(.deliveryMode) { properties.persistent = unsafe raw.delivery_mode == 2 }
        if flags.contains(.headers) { properties.headers = unsafe self.table(raw.headers, depth: 0) }
        return properties
    }

    private static func table(_ raw: amqp_table_t, depth: Int) -> [String: HeaderValue] {
        let entries = unsafe UnsafeBufferPointer(start: raw.entries, count: Int(raw.num_entries))
        var table: [String: HeaderValue] = [:]
        table.reserveCapacity(entries.count)
        // swift-format does not know `for unsafe` yet.
        for index in entries.indices {
            let entry = unsafe entries[index]
            table[unsafe self.text(entry.key)] = unsafe self.value(entry.value, depth: depth)
        }
        return table
    }

    private static func value(_ raw: amqp_field_value_t, depth: Int) -> HeaderValue {
        let value = unsafe raw.value
        switch unsafe amqp_field_value_kind_t(UInt32(raw.kind)) {
        case AMQP_FIELD_KIND_UTF8:
            // `longstr` is bytes, and RabbitMQ does not check that they are UTF-8.
            let bytes = unsafe self.bytes(value.bytes)
            return unsafe String(validating: bytes, as: UTF8.self).map(HeaderValue.string) ?? .bytes(Array(bytes))
        case AMQP_FIELD_KIND_BOOLEAN: return .bool(unsafe value.boolean != 0)
        case AMQP_FIELD_KIND_I8: return .int(Int64(unsafe value.i8))
        case AMQP_FIELD_KIND_U8: return .int(Int64(unsafe value.u8))
        case AMQP_FIELD_KIND_I16: return .int(Int64(unsafe value.i16))
        case AMQP_FIELD_KIND_U16: return .int(Int64(unsafe value.u16))
        case AMQP_FIELD_KIND_I32: return .int(Int64(unsafe value.i32))
        case AMQP_FIELD_KIND_U32: return .int(Int64(unsafe value.u32))
        case AMQP_FIELD_KIND_I64: return .int(unsafe value.i64)
        case AMQP_FIELD_KIND_U64: return .int(Int64(bitPattern: unsafe value.u64))
        case AMQP_FIELD_KIND_F32: return .double(Double(unsafe value.f32))
        case AMQP_FIELD_KIND_F64: return .double(unsafe value.f64)
        case AMQP_FIELD_KIND_DECIMAL:
            return .decimal(unscaled: Int32(bitPattern: unsafe value.decimal.value), scale: unsafe value.decimal.decimals)
        case AMQP_FIELD_KIND_TIMESTAMP: return .timestamp(Int64(bitPattern: unsafe value.u64))
        case AMQP_FIELD_KIND_BYTES: return .bytes(unsafe Array(unsafe self.bytes(value.bytes)))
        case AMQP_FIELD_KIND_TABLE where depth < self.nestingLimit: return .table(unsafe self.table(value.table, depth: depth + 1))
        case AMQP_FIELD_KIND_ARRAY where depth < self.nestingLimit:
            let entries = unsafe UnsafeBufferPointer(start: value.array.entries, count: Int(value.array.num_entries))
            return .array(unsafe entries.map { unsafe self.value($0, depth: depth + 1) })
        default: return .void
        }
    }
}
