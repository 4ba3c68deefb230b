/// A value in a JSON text, read in place, where decoding the whole text is not needed.
public struct JSONElement {
    private let document: JSONDocument
    private let index: Int

    private init(_ document: JSONDocument, _ index: Int) {
        self.document = document
        self.index = index
    }

    /// The root value of a text.
    /// - Throws: a `DecodingError` if it is not JSON, `JSON.Limits.Exceeded`.
    public init(_ bytes: [UInt8], within limits: JSON.Limits) throws { self.init(try JSONDocument(bytes, within: limits), 0) }

    /// Whether any name or text in the document contains the character NUL, which Postgres cannot store.
    public var documentHasNUL: Bool { self.document.hasNUL }

    private var node: JSONDocument.Node { self.document.nodes[self.index] }

    /// Whether it is `null`.
    public var isNull: Bool { self.node.kind == .null }

    /// Whether it is an object.
    public var isObject: Bool { self.node.kind == .object }

    /// The text of a string; nil for other values.
    public var string: String? {
        let node = self.node
        return node.kind == .string ? self.document.string(node) : nil
    }

    /// The UUID in a string; nil for other values.
    public var id: ID? {
        let node = self.node
        return node.kind == .string ? self.document.id(node) : nil
    }

    /// The value of a boolean; nil for other values.
    public var bool: Bool? {
        switch self.node.kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// An integer that fits; `16.0` counts as one; nil for other values.
    public var integer: Int64? {
        let node = self.node
        return node.kind == .number ? self.document.integer(node, as: Int64.self) : nil
    }

    /// A number that fits; nil for other values.
    public var double: Double? {
        let node = self.node
        return node.kind == .number ? self.document.double(node) : nil
    }

    /// The value of an object's member, which may be `null`; nil if there is none. If the name is repeated, any of them.
    public func member(_ name: String) -> JSONElement? {
        guard self.isObject else { return nil }
        return self.document.member(name, of: self.index).map { JSONElement(self.document, $0) }
    }

    /// The elements of an array; nil for other values.
    public var elements: Elements? { self.node.kind == .array ? Elements(self.document, self.index) : nil }

    /// The elements of an array.
    public struct Elements: Sequence, IteratorProtocol {
        private let document: JSONDocument
        private var index: Int
        /// The number of remaining elements.
        public private(set) var count: Int

        fileprivate init(_ document: JSONDocument, _ index: Int) {
            self.document = document
            self.index = index + 1
            self.count = Int(document.nodes[index].count)
        }

        /// The next element.
        public mutating func next() -> JSONElement? {
            guard self.count > 0 else { return nil }
            defer {
                self.index = Int(self.document.nodes[self.index].next)
                self.count -= 1
            }
            return JSONElement(self.document, self.index)
        }
    }
}
