import Glibc
import Tracing

/// Spans as the body of an OTLP/HTTP request in JSON (https://opentelemetry.io/docs/specs/otlp/#otlphttp): ids in hexadecimal, 64-bit numbers as strings.
///
/// Written byte by byte: a few microseconds per span, a twentieth of `JSONEncoder`.
struct OTLPDocument: Sendable {
    /// The common beginning, up to the first span.
    private let head: [UInt8]

    /// - Parameters:
    ///   - part: the executable's name, `service.name`.
    ///   - environment: `deployment.environment.name`.
    init(part: String, environment: String) {
        var head = Array(#"{"resourceSpans":[{"resource":{"attributes":["#.utf8)
        let resource: [(String, SpanAttribute)] = [
            ("service.name", .string(part)), ("service.namespace", "conveyor"), ("service.version", .string(ConveyorVersion.current)),
            ("deployment.environment.name", .string(environment)), ("host.name", .string(Host.name)), ("process.pid", .int64(Int64(getpid()))),
            ("telemetry.sdk.name", "conveyor"), ("telemetry.sdk.language", "swift"), ("telemetry.sdk.version", .string(ConveyorVersion.current)),
        ]
        for (index, (name, value)) in resource.enumerated() {
            if index > 0 { head.append(UInt8(ascii: ",")) }
            Self.append(name, value, to: &head)
        }
        head += #"]},"scopeSpans":[{"scope":{"name":"conveyor","version":"#.utf8
        JSONLogLine.append(string: ConveyorVersion.current, to: &head)
        head += #"},"spans":["#.utf8
        self.head = head
    }

    func encode(_ spans: some Collection<FinishedSpan>) -> [UInt8] {
        var bytes = self.head
        bytes.reserveCapacity(self.head.count + spans.count * 800)
        for (index, span) in spans.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            Self.append(span, to: &bytes)
        }
        bytes += "]}]}]}".utf8
        return bytes
    }

    private static func append(_ span: FinishedSpan, to bytes: inout [UInt8]) {
        bytes += #"{"traceId":""#.utf8
        bytes += span.context.traceID.utf8
        bytes += #"","spanId":""#.utf8
        bytes += TraceContext.hexadecimal(span.context.spanID).utf8
        if let parentID = span.parentID {
            bytes += #"","parentSpanId":""#.utf8
            bytes += TraceContext.hexadecimal(parentID).utf8
        }
        // W3C's flag `sampled`.
        bytes += #"","flags":1,"name":"#.utf8
        JSONLogLine.append(string: span.name, to: &bytes)
        bytes += #","kind":"#.utf8
        bytes.append(UInt8(ascii: "0") + self.number(of: span.kind))
        bytes += #","startTimeUnixNano":""#.utf8
        bytes += String(span.start).utf8
        bytes += #"","endTimeUnixNano":""#.utf8
        bytes += String(span.end).utf8
        bytes += #"","attributes":"#.utf8
        self.append(span.attributes, to: &bytes)
        if !span.events.isEmpty {
            bytes += #","events":["#.utf8
            for (index, event) in span.events.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                bytes += #"{"timeUnixNano":""#.utf8
                bytes += String(event.nanosecondsSinceEpoch).utf8
                bytes += #"","name":"#.utf8
                JSONLogLine.append(string: event.name, to: &bytes)
                bytes += #","attributes":"#.utf8
                self.append(event.attributes, to: &bytes)
                bytes.append(UInt8(ascii: "}"))
            }
            bytes.append(UInt8(ascii: "]"))
        }
        if !span.links.isEmpty {
            bytes += #","links":["#.utf8
            for (index, link) in span.links.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                bytes += #"{"traceId":""#.utf8
                bytes += link.traceID.utf8
                bytes += #"","spanId":""#.utf8
                bytes += TraceContext.hexadecimal(link.spanID).utf8
                bytes += #""}"#.utf8
            }
            bytes.append(UInt8(ascii: "]"))
        }
        if let status = span.status {
            bytes += #","status":{"code":"#.utf8
            bytes.append(UInt8(ascii: status.code == .error ? "2" : "1"))
            if let message = status.message {
                bytes += #","message":"#.utf8
                JSONLogLine.append(string: message, to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// `Span.SpanKind` of opentelemetry/proto/trace/v1/trace.proto.
    private static func number(of kind: SpanKind) -> UInt8 {
        switch kind {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }

    private static func append(_ attributes: SpanAttributes, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "["))
        var isFirst = true
        attributes.forEach { name, value in
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            self.append(name, value, to: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private static func append(_ name: String, _ value: SpanAttribute, to bytes: inout [UInt8]) {
        bytes += #"{"key":"#.utf8
        JSONLogLine.append(string: name, to: &bytes)
        bytes += #","value":{"#.utf8
        switch value {
        case .int32(let number): bytes += "\"intValue\":\"\(number)\"".utf8
        case .int64(let number): bytes += "\"intValue\":\"\(number)\"".utf8
        case .double(let number) where number.isFinite: bytes += "\"doubleValue\":\(number)".utf8
        case .bool(let flag): bytes += "\"boolValue\":\(flag)".utf8
        default:
            bytes += #""stringValue":"#.utf8
            JSONLogLine.append(string: value.text, to: &bytes)
        }
        bytes += "}}".utf8
    }
}

extension SpanAttribute {
    /// The value as text, including lists, which our spans do not have.
    var text: String {
        switch self {
        case .string(let text): text
        case .int32(let number): String(number)
        case .int64(let number): String(number)
        case .double(let number): String(number)
        case .bool(let flag): String(flag)
        case .stringConvertible(let value): value.description
        case .stringArray(let values): values.joined(separator: ", ")
        case .int32Array(let values): values.map(String.init).joined(separator: ", ")
        case .int64Array(let values): values.map(String.init).joined(separator: ", ")
        case .doubleArray(let values): values.map { "\($0)" }.joined(separator: ", ")
        case .boolArray(let values): values.map { "\($0)" }.joined(separator: ", ")
        case .stringConvertibleArray(let values): values.map(\.description).joined(separator: ", ")
        default: ""
        }
    }
}

/// This machine.
enum Host {
    /// The machine's host name.
    static let name: String = {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "unknown" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()
}
