/// A text with tags for values, in the part of Mustache (https://mustache.github.io/mustache.5.html) that pages and e-mails need:
///
/// | tag | inserts |
/// |---|---|
/// | `{{name}}`, `{{a.b}}`, `{{.}}` | a value, always escaped; `{{.name}}` searches the innermost value only |
/// | `{{#name}}…{{/name}}` | its content: once per element of a list; once within any other value; not for `false` |
/// | `{{^name}}…{{/name}}` | its content, if there is no value, `false` or an empty list |
/// | `{{>name}}` | another template |
/// | `{{<name}}{{$block}}…{{/block}}{{/name}}` | another template with replaced blocks |
/// | `{{$block}}…{{/block}}` | its content, unless the including template replaces the block |
///
/// A line that contains only a tag without a value disappears. No tag inserts an unescaped value, calls code or changes the delimiters.
struct Template: Sendable {
    indirect enum Node: Sendable {
        case text(String)
        case value([String], isLocal: Bool)
        case section([String], isLocal: Bool, isInverted: Bool, [Node])
        case block(String, [Node])
        case include(String, blocks: [String: [Node]])
    }

    let nodes: [Node]
    /// Whether values are inserted into HTML, not into plain text.
    let isHTML: Bool

    /// - Throws: ``Templates/Malformed``.
    init(_ text: String, isHTML: Bool) throws(Templates.Malformed) {
        var parser = Parser(text)
        self.nodes = try parser.nodes(within: nil)
        self.isHTML = isHTML
    }
}

extension Template {
    private struct Parser {
        private var rest: Substring
        /// Whether the present line contains only blanks so far.
        private var isLineBlank = true

        init(_ text: String) { self.rest = text[...] }

        /// The nodes up to the end tag of `enclosing`, or to the end of the text.
        mutating func nodes(within enclosing: String?) throws(Templates.Malformed) -> [Node] {
            var nodes: [Node] = []
            while let start = self.rest.firstRange(of: "{{") {
                var before = self.rest[..<start.lowerBound]
                guard let end = self.rest[start.upperBound...].firstRange(of: "}}") else {
                    throw .init("a tag without its end: \(self.rest.prefix(40))")
                }
                let tag = self.rest[start.upperBound..<end.lowerBound]
                guard let kind = tag.first else { throw .init("an empty tag") }
                self.rest = self.rest[end.upperBound...]
                let isMarkup = "#^/>$<!".contains(kind)
                if isMarkup, let line = self.lineOfItsOwn(before) { before = line } else { self.isLineBlank = false }
                if !before.isEmpty { nodes.append(.text(String(before))) }
                let name = tag.drop { "#^/>$<!.".contains($0) }
                guard kind == "!" || name.allSatisfy({ $0.isLetter || $0.isNumber || "._".contains($0) }) else { throw .init("a tag {{\(tag)}}") }
                let (path, isLocal) = (name.split(separator: ".").map(String.init), tag.drop { "#^/".contains($0) }.first == ".")
                switch kind {
                case "!": break
                case "#", "^":
                    nodes.append(.section(path, isLocal: isLocal, isInverted: kind == "^", try self.nodes(within: String(tag.dropFirst()))))
                case "$": nodes.append(.block(String(name), try self.nodes(within: String(name))))
                case ">": nodes.append(.include(String(name), blocks: [:]))
                case "<":
                    var blocks: [String: [Node]] = [:]
                    for case .block(let block, let content) in try self.nodes(within: String(name)) { blocks[block] = content }
                    nodes.append(.include(String(name), blocks: blocks))
                case "/":
                    guard tag.dropFirst() == enclosing ?? "" else { throw .init("{{\(tag)}} ends {{\(enclosing ?? "nothing")}}") }
                    return nodes
                default: nodes.append(.value(path, isLocal: isLocal))
                }
            }
            guard enclosing == nil else { throw .init("{{\(enclosing ?? "")}} has no end") }
            if !self.rest.isEmpty { nodes.append(.text(String(self.rest))) }
            return nodes
        }

        /// If the last tag stands alone on its line, consumes the line's end and returns the text before the line; otherwise nil.
        private mutating func lineOfItsOwn(_ before: Substring) -> Substring? {
            func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }
            let line = before.lastIndex { $0.isNewline }.map { before[before.index(after: $0)...] } ?? before
            guard line.allSatisfy(isBlank), self.isLineBlank || line.startIndex != before.startIndex else { return nil }
            let after = self.rest.drop(while: isBlank)
            guard after.first?.isNewline ?? true else { return nil }
            self.rest = after.dropFirst()
            self.isLineBlank = true
            return before[..<line.startIndex]
        }
    }
}

/// Templates by name; they may include each other.
public struct Templates: Sendable {
    /// A template with a syntax error.
    public struct Malformed: Error, CustomStringConvertible {
        /// The error.
        public let description: String

        init(_ description: String) { self.description = description }
    }

    private var templates: [String: Template] = [:]

    /// No templates.
    public init() {}

    /// Adds a template.
    /// - Parameter isHTML: true escapes values for HTML (``HTMLText``); false inserts them unchanged into plain text.
    /// - Throws: ``Malformed``.
    public mutating func add(_ text: String, named name: String, isHTML: Bool) throws(Malformed) {
        do { self.templates[name] = try Template(text, isHTML: isHTML) } catch { throw Malformed("\(name): \(error)") }
    }

    /// Fills a template.
    /// - Parameter value: the source of its names: a dictionary with texts as keys, or a structure with stored properties.
    /// - Returns: nil if no template has this name.
    public func render(_ value: Any, in name: String) -> String? {
        guard let template = self.templates[name] else { return nil }
        var rendering = Rendering(templates: self.templates, values: [value])
        rendering.write(template.nodes, isHTML: template.isHTML)
        return rendering.text
    }

    private struct Rendering {
        let templates: [String: Template]
        /// The values in which names are searched, the innermost last.
        var values: [Any]
        /// Blocks that replace those of an included template; the outermost counts.
        var blocks: [String: [Template.Node]] = [:]
        var text = ""

        init(templates: [String: Template], values: [Any]) {
            self.templates = templates
            self.values = values
        }

        mutating func write(_ nodes: [Template.Node], isHTML: Bool) {
            for node in nodes {
                switch node {
                case .text(let text): self.text += text
                case .value(let path, let isLocal):
                    guard let value = self.find(path, isLocal) else { continue }
                    let text = (value as? String) ?? String(describing: value)
                    self.text += isHTML ? HTMLText.escape(text) : text
                case .section(let path, let isLocal, let isInverted, let content):
                    self.write(content, for: self.find(path, isLocal), isInverted, isHTML)
                case .block(let name, let own): self.write(self.blocks[name] ?? own, isHTML: isHTML)
                case .include(let name, let blocks):
                    guard let template = self.templates[name] else { continue }
                    let outer = self.blocks
                    self.blocks.merge(blocks) { outer, _ in outer }
                    self.write(template.nodes, isHTML: template.isHTML)
                    self.blocks = outer
                }
            }
        }

        private mutating func write(_ content: [Template.Node], for value: Any?, _ isInverted: Bool, _ isHTML: Bool) {
            if let isThere = value as? Bool {
                if isThere != isInverted { self.write(content, isHTML: isHTML) }
                return
            }
            let elements = value.map { $0 as? [Any] ?? [$0] } ?? []
            if isInverted {
                if elements.isEmpty { self.write(content, isHTML: isHTML) }
                return
            }
            for element in elements {
                self.values.append(element)
                self.write(content, isHTML: isHTML)
                self.values.removeLast()
            }
        }

        /// The value of a path; its first name is searched from the innermost value outwards.
        private func find(_ path: [String], _ isLocal: Bool) -> Any? {
            guard let name = path.first else { return self.values.last }
            let places = isLocal ? self.values.suffix(1) : self.values[...]
            guard let first = places.reversed().lazy.compactMap({ Self.member(name, of: $0) }).first else { return nil }
            return path.dropFirst().reduce(first) { value, name in value.flatMap { Self.member(name, of: $0) } }
        }

        private static func member(_ name: String, of value: Any) -> Any? {
            if let members = value as? [String: Any] { return members[name].flatMap(self.unwrapped) }
            return Mirror(reflecting: value).children.first { $0.label == name }.flatMap { self.unwrapped($0.value) }
        }

        /// The value in an optional.
        private static func unwrapped(_ value: Any) -> Any? {
            let mirror = Mirror(reflecting: value)
            return mirror.displayStyle == .optional ? mirror.children.first.flatMap { self.unwrapped($0.value) } : value
        }
    }
}
