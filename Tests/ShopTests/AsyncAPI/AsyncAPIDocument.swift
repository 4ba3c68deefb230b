import FoundationEssentials
import Yams

/// `topology/asyncapi.yaml`.
struct AsyncAPIDocument: Sendable {
    /// The file of the source tree, read once.
    static let file = Result { try AsyncAPIDocument.read() }

    let root: JSONValue

    /// A message in the document.
    struct Message {
        let name: String
        let payload: JSONValue
        let examples: [JSONValue]
    }

    private static func read() throws -> AsyncAPIDocument {
        let path = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let text = try String(contentsOf: URL(filePath: "/\(path)/topology/asyncapi.yaml"), encoding: .utf8)
        guard let node = try Yams.compose(yaml: text) else { throw JSONValue.Unexpected(description: "an empty file") }
        return AsyncAPIDocument(root: try JSONValue(yaml: node))
    }

    /// The target of a reference within the document.
    func resolve(_ reference: String) throws -> JSONValue {
        var value = self.root
        for key in reference.split(separator: "/").dropFirst() {
            guard let next = value[String(key)] else { throw JSONValue.Unexpected(description: "a reference to nothing, \(reference)") }
            value = next
        }
        return value
    }

    /// The messages of the shop, without `failed`, which is any of them.
    var messages: [String: Message] {
        get throws {
            var messages: [String: Message] = [:]
            for (name, message) in try self.resolve("#/components/messages").members where name != "failed" {
                messages[name] = Message(
                    name: message["name"]?.text ?? "", payload: message["payload"] ?? .null,
                    examples: message["examples"]?.elements.compactMap { $0["payload"] } ?? [])
            }
            return messages
        }
    }

    /// The messages of a channel, each checked against its key.
    func messages(of channel: String) throws -> Set<String> {
        let messages = try self.resolve("#/channels/\(channel)/messages").members
        for (name, message) in messages where message["$ref"]?.text != "#/components/messages/\(name)" {
            throw JSONValue.Unexpected(description: "another message as \(name) in \(channel)")
        }
        return Set(messages.keys)
    }
}
