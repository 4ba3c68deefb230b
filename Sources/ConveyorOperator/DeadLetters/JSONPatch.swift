import Conveyor

/// The difference of two JSON values as a JSON Patch (RFC 6902), whose steps also contain the previous value as `old`.
struct JSONPatch: Sendable, Equatable, Encodable {
    /// One step.
    struct Step: Sendable, Equatable, Codable {
        enum Operation: String, Sendable, Codable { case add, remove, replace }

        var op: Operation
        /// A JSON Pointer (RFC 6901).
        var path: String
        var old: JSONValue?
        var value: JSONValue?
    }

    /// In the order of application.
    var steps: [Step] = []

    /// The steps that an edit has recorded.
    init(steps: [Step]) { self.steps = steps }

    /// - Parameter old: nil if the previous payload was not JSON.
    init(from old: JSONValue?, to new: JSONValue) {
        guard let old else {
            self.steps = [Step(op: .replace, path: "", value: new)]
            return
        }
        self.compare(old, new, at: "")
    }

    private mutating func compare(_ old: JSONValue, _ new: JSONValue, at path: String) {
        switch (old, new) {
        case (.object(let before), .object(let after)):
            for name in Set(before.keys).union(after.keys).sorted() {
                self.compare(before[name], after[name], at: path + "/" + Self.escaped(name))
            }
        case (.array(let before), .array(let after)):
            for index in 0..<min(before.count, after.count) { self.compare(before[index], after[index], at: "\(path)/\(index)") }
            for index in before.indices.dropFirst(after.count).reversed() { self.compare(before[index], nil, at: "\(path)/\(index)") }
            for element in after.dropFirst(before.count) { self.steps.append(Step(op: .add, path: path + "/-", value: element)) }
        default:
            if old != new { self.steps.append(Step(op: .replace, path: path, old: old, value: new)) }
        }
    }

    private mutating func compare(_ old: JSONValue?, _ new: JSONValue?, at path: String) {
        switch (old, new) {
        case (let old?, let new?): self.compare(old, new, at: path)
        case (let old?, nil): self.steps.append(Step(op: .remove, path: path, old: old))
        case (nil, let new?): self.steps.append(Step(op: .add, path: path, value: new))
        case (nil, nil): break
        }
    }

    private static func escaped(_ name: String) -> String { name.replacing("~", with: "~0").replacing("/", with: "~1") }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.steps)
    }
}
