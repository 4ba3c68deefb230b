import Fixtures

/// A span as the collector reads it.
struct OTLPSpan {
    let resource: [String: String]
    let traceID: String
    let spanID: String
    let parentID: String?
    let name: String
    let kind: Int
    let start: UInt64
    let end: UInt64
    let attributes: [String: String]
    let status: Document?
    let events: [Document]
    /// Ids of traces and spans.
    let links: [String]

    static func all(_ request: Document) throws -> [OTLPSpan] {
        var spans: [OTLPSpan] = []
        for resource in request["resourceSpans"]?.array ?? [] {
            let attributes = try self.attributes(resource["resource", "attributes"])
            for scope in resource["scopeSpans"]?.array ?? [] {
                for span in scope["spans"]?.array ?? [] { spans.append(try OTLPSpan(span, resource: attributes)) }
            }
        }
        return spans
    }

    private init(_ span: Document, resource: [String: String]) throws {
        guard let traceID = span["traceId"]?.text, traceID.count == 32, let spanID = span["spanId"]?.text, spanID.count == 16,
            let name = span["name"]?.text, let kind = span["kind"]?.integer, let start = span["startTimeUnixNano"]?.text.flatMap({ UInt64($0) }),
            let end = span["endTimeUnixNano"]?.text.flatMap({ UInt64($0) }), start <= end
        else { throw FixtureError("no span: \(span)") }
        self.resource = resource
        (self.traceID, self.spanID, self.name, self.kind, self.start, self.end) = (traceID, spanID, name, kind, start, end)
        self.parentID = span["parentSpanId"]?.text
        self.attributes = try Self.attributes(span["attributes"])
        self.status = span["status"]
        self.events = span["events"]?.array ?? []
        self.links = (span["links"]?.array ?? []).map { "\($0["traceId"]?.text ?? "")-\($0["spanId"]?.text ?? "")" }
    }

    /// The encoded values: `AnyValue` of opentelemetry/proto/common/v1/common.proto.
    static func attributes(_ list: Document?) throws -> [String: String] {
        var attributes: [String: String] = [:]
        for attribute in list?.array ?? [] {
            guard let key = attribute["key"]?.text, let value = attribute["value"]?.members, value.count == 1, let (type, inner) = value.first else {
                throw FixtureError("no attribute: \(attribute)")
            }
            switch (type, inner) {
            case ("stringValue", .text(let text)), ("intValue", .text(let text)): attributes[key] = text
            case ("boolValue", .bool(let flag)): attributes[key] = "\(flag)"
            case ("doubleValue", .number(let number)): attributes[key] = "\(number)"
            default: throw FixtureError("no value: \(attribute)")
            }
        }
        return attributes
    }
}
