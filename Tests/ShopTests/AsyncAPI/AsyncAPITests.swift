import Conveyor
import RabbitMQ
import Shop
import Testing
import Topology

/// Compares the Swift types, `topology/asyncapi.yaml` and `topology/definitions.json`.
struct AsyncAPITests {
    private let document: AsyncAPIDocument
    private let schema: JSONSchema

    init() throws {
        self.document = try AsyncAPIDocument.file.get()
        self.schema = JSONSchema(document: self.document)
    }

    private static let types: [String] = MessageCatalogue.all.map { $0.type }

    private func message(_ type: String) throws -> AsyncAPIDocument.Message { try #require(try self.document.messages[type]) }

    private static func decode(_ name: String, _ value: JSONValue) throws -> any Message {
        func opened<M: Message>(_ type: M.Type) throws -> any Message { try JSON.decode(M.self, from: value.json) }
        let type = try #require(MessageCatalogue[name])
        return try opened(type)
    }

    @Test func `the document contains all message types, each in the channel of its exchange`() throws {
        #expect(Set(try self.document.messages.keys) == Set(Self.types))
        for exchange in ["commands", "events"] {
            #expect(try self.document.messages(of: exchange) == Set(MessageCatalogue.all.filter { $0.exchange == exchange }.map { $0.type }))
        }
    }

    @Test func `the queues receive the types that the broker binds to them`() throws {
        let definitions = Definitions(ladder: .standard)
        let queues = definitions.bindings.filter { $0.source == "return" }.map(\.destination)
        #expect(queues == Topology.workers.map(\.name))
        for queue in queues {
            let bindings = definitions.bindings.filter { $0.destination == queue }
            #expect(bindings.contains { $0.source == "commands" && $0.routingKey == "\(queue).#" })
            let commands = MessageCatalogue.all.filter { $0.exchange == "commands" && $0.type.hasPrefix("\(queue).") }.map { $0.type }
            let events = bindings.filter { $0.source == "events" }.map(\.routingKey)
            #expect(try self.document.messages(of: queue) == Set(commands + events))
        }
    }

    @Test(arguments: Self.types)
    func `the examples are valid and survive decoding and encoding in Swift`(_ type: String) throws {
        let message = try self.message(type)
        #expect(message.name == type)
        #expect(!message.examples.isEmpty)
        for example in message.examples {
            #expect(try self.schema.violations(of: message.payload, by: example) == [])
            let encoded = try JSONValue(json: JSON.encode(try Self.decode(type, example)))
            #expect(encoded == example)
            #expect(try self.schema.violations(of: message.payload, by: encoded) == [])
        }
    }

    @Test(arguments: Self.types)
    func `required and optional fields are the same in Swift`(_ type: String) throws {
        let message = try self.message(type)
        for example in message.examples {
            for path in try self.paths(of: message.payload, in: example) {
                let isRequired = try self.isRequired(path, of: message.payload, in: example)
                let decodes = (try? Self.decode(type, example.without(path[...]))) != nil
                #expect(decodes == !isRequired, "\(type) without \(path)")
            }
        }
    }

    @Test(arguments: Self.types)
    func `a value of another type is refused by the schema and by Swift`(_ type: String) throws {
        let message = try self.message(type)
        for example in message.examples {
            for path in try self.paths(of: message.payload, in: example) {
                let wrong = example.with([["deep": []]], at: path[...])
                #expect(try !self.schema.violations(of: message.payload, by: wrong).isEmpty, "\(type) \(path)")
                #expect(throws: DecodingError.self, "\(type) \(path)") { try Self.decode(type, wrong) }
            }
        }
    }

    @Test func `every field of the Swift types, at any depth, is in the schema and in an example`() throws {
        var isSet: [String: Bool] = [:]
        for type in Self.types {
            for example in try self.message(type).examples { Self.look(into: try Self.decode(type, example), &isSet) }
        }
        // A field in an example is in the schema: the example is valid, and unchanged after Swift has read and written it.
        #expect(isSet.filter { !$0.value }.keys.sorted() == [])
        #expect(isSet["Address.line2"] == true)
    }

    /// Records for each optional field whether any example contains it.
    private static func look(into value: Any, _ isSet: inout [String: Bool]) {
        let mirror = Mirror(reflecting: value)
        for child in mirror.children {
            let field = Mirror(reflecting: child.value)
            if let label = child.label, field.displayStyle == .optional {
                let name = "\(mirror.subjectType).\(label)"
                isSet[name] = isSet[name] == true || !field.children.isEmpty
            }
            Self.look(into: child.value, &isSet)
        }
    }

    @Test(arguments: Self.types)
    func `fields are in snake_case`(_ type: String) throws {
        let names = try #require(try self.message(type).payload["properties"]).members.keys
        #expect(names.allSatisfy { $0.allSatisfy { $0 == "_" || ("a"..."z").contains($0) || ("0"..."9").contains($0) } })
    }

    @Test(arguments: Self.types)
    func `unknown fields are ignored`(_ type: String) throws {
        let example = try #require(try self.message(type).examples.first)
        var more = example.members
        more["added_by_a_newer_version"] = ["anything": [1, "two"]]
        #expect(try JSONValue(json: JSON.encode(try Self.decode(type, .object(more)))) == example)
    }

    @Test func `the document lists the problem codes`() throws {
        let codes = try self.document.resolve("#/components/schemas/Problem/properties/code/enum").elements.compactMap(\.text)
        #expect(codes.sorted() == Problem.Code.all.map(\.rawValue))
    }

    @Test func `the document's headers are those of an envelope`() throws {
        var envelope = Envelope(
            messageID: ID(high: 1, low: 2), type: OrderPaid.type, actor: "system",
            traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", fingerprint: "00ff", sentAt: 1_795_467_845_123)
        let schema = try self.document.resolve("#/components/schemas/Headers")
        #expect(try self.schema.violations(of: schema, by: Self.headers(of: envelope)) == [])

        envelope = envelope.emitted(type: OrderShipped.type, schema: 2, at: 0, sentAt: 1)
        envelope.attempt = 2
        envelope.fingerprint = "00ff"
        envelope.sender = "5e0f1a2b"
        envelope.failure = .init(errorType: ErrorType.timedOut.rawValue, error: "no end", firstAt: 1, lastAt: 2)
        let headers = try Self.headers(of: envelope)
        let failed = try self.document.resolve("#/components/messages/failed/headers")
        #expect(try self.schema.violations(of: failed, by: headers) == [])
        #expect(Set(headers.members.keys) == Set(try #require(schema["properties"]).members.keys))
        let errorTypes = try self.document.resolve("#/components/schemas/Headers/properties/error-type/enum").elements.compactMap(\.text)
        #expect(errorTypes.sorted() == ErrorType.all.map(\.rawValue).sorted())
    }

    private static func headers(of envelope: Envelope) throws -> JSONValue {
        .object(
            try envelope.properties(appID: "orders").headers.mapValues { value in
                if let int = value.int { return .int(int) }
                return .string(try #require(value.string))
            })
    }

    /// All members of the schema, at any depth, that the example contains.
    private func paths(of schema: JSONValue, in value: JSONValue) throws -> [[Step]] {
        if let reference = schema["$ref"]?.text { return try self.paths(of: self.document.resolve(reference), in: value) }
        var paths: [[Step]] = []
        for (name, property) in schema["properties"]?.members ?? [:] {
            guard let member = value[name] else { continue }
            paths.append([.member(name)])
            paths += try self.paths(of: property, in: member).map { [.member(name)] + $0 }
        }
        if let items = schema["items"] {
            for (index, element) in value.elements.enumerated() {
                paths += try self.paths(of: items, in: element).map { [.element(index)] + $0 }
            }
        }
        return paths
    }

    private func isRequired(_ path: [Step], of schema: JSONValue, in value: JSONValue) throws -> Bool {
        if let reference = schema["$ref"]?.text { return try self.isRequired(path, of: self.document.resolve(reference), in: value) }
        switch path[0] {
        case .member(let name):
            if path.count == 1 { return schema["required"]?.elements.contains(.string(name)) ?? false }
            return try self.isRequired(Array(path.dropFirst()), of: try #require(schema["properties"]?[name]), in: try #require(value[name]))
        case .element(let index):
            return try self.isRequired(Array(path.dropFirst()), of: try #require(schema["items"]), in: value.elements[index])
        }
    }
}

/// One step into a JSON value.
enum Step: Equatable, CustomStringConvertible {
    case member(String)
    case element(Int)

    var description: String {
        switch self {
        case .member(let name): ".\(name)"
        case .element(let index): "[\(index)]"
        }
    }
}

extension JSONValue {
    /// The value without the part at a path.
    func without(_ path: ArraySlice<Step>) -> JSONValue { self.changing(path) { _ in nil } }

    /// The value with another value at a path.
    func with(_ other: JSONValue, at path: ArraySlice<Step>) -> JSONValue { self.changing(path) { _ in other } }

    private func changing(_ path: ArraySlice<Step>, _ change: (JSONValue) -> JSONValue?) -> JSONValue {
        switch (path.first, self) {
        case (.member(let name), .object(var members)):
            members[name] = members[name].flatMap { path.count == 1 ? change($0) : $0.changing(path.dropFirst(), change) }
            return .object(members)
        case (.element(let index), .array(var elements)):
            elements[index] = elements[index].changing(path.dropFirst(), change)
            return .array(elements)
        default: return self
        }
    }
}
