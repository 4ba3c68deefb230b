import Conveyor
import FoundationEssentials
import Shop

/// The part of JSON Schema (draft 07) that `topology/asyncapi.yaml` uses. An unknown keyword is an error.
struct JSONSchema {
    /// The document of `$ref`.
    let document: AsyncAPIDocument

    /// The violations of a schema by a value; empty if it is valid.
    func violations(of schema: JSONValue, by value: JSONValue, at path: String = "") throws -> [String] {
        if let reference = schema["$ref"]?.text {
            return try self.violations(of: self.document.resolve(reference), by: value, at: path)
        }
        var found: [String] = []
        func check(_ holds: Bool, _ rule: String) { if !holds { found.append("\(path.isEmpty ? "the whole" : path): \(rule)") } }
        for (keyword, rule) in schema.members {
            switch keyword {
            case "description", "title", "default", "x-swift": break
            case "type": check(try Self.isOf(type: rule.text, value), "is not of type \(rule.text ?? "")")
            case "enum": check(rule.elements.contains(value), "is none of the known values")
            case "format": check(try Self.hasFormat(rule.text, value), "is no \(rule.text ?? "")")
            case "pattern":
                let pattern = try Regex(rule.text ?? "")
                check(value.text.map { $0.firstMatch(of: pattern) != nil } ?? true, "does not match \(rule.text ?? "")")
            case "minimum": check(value.number ?? .max >= rule.number ?? .max, "is too small")
            case "maximum": check(value.number ?? .min <= rule.number ?? .min, "is too large")
            case "minItems": check(value.elements.count >= rule.number ?? .max, "has too few elements")
            case "maxItems": check(value.elements.count <= rule.number ?? .min, "has too many elements")
            case "items":
                for (index, element) in value.elements.enumerated() {
                    found += try self.violations(of: rule, by: element, at: "\(path)[\(index)]")
                }
            case "properties":
                for (name, property) in rule.members {
                    if let member = value[name] { found += try self.violations(of: property, by: member, at: "\(path).\(name)") }
                }
            case "additionalProperties":
                for (name, member) in value.members where schema["properties"]?[name] == nil {
                    found += try self.violations(of: rule, by: member, at: "\(path).\(name)")
                }
            case "required":
                for name in rule.elements.compactMap(\.text) { check(value[name] != nil, "lacks \(name)") }
            case "oneOf":
                let valid = try rule.elements.filter { try self.violations(of: $0, by: value, at: path).isEmpty }
                check(valid.count == 1, "fits \(valid.count) of the alternatives")
            case "allOf":
                for part in rule.elements { found += try self.violations(of: part, by: value, at: path) }
            default: throw JSONValue.Unexpected(description: "the keyword \(keyword)")
            }
        }
        return found
    }

    private static func isOf(type: String?, _ value: JSONValue) throws -> Bool {
        switch (type, value) {
        case ("string", .string), ("integer", .int), ("boolean", .bool), ("array", .array), ("object", .object): true
        case ("string", _), ("integer", _), ("boolean", _), ("array", _), ("object", _): false
        default: throw JSONValue.Unexpected(description: "the type \(type ?? "")")
        }
    }

    private static func hasFormat(_ format: String?, _ value: JSONValue) throws -> Bool {
        switch format {
        case "uuid": value.text.flatMap { ID($0) } != nil
        case "date-time": value.text.flatMap { Timestamp.date($0) } != nil
        case "int64": value.number != nil
        default: throw JSONValue.Unexpected(description: "the format \(format ?? "")")
        }
    }
}
