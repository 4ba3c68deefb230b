/// A value of a JSON text, read where it stands: for what is looked at piece by piece, instead of being decoded as a whole.
public struct JSONElement {
    private let document: JSONDocument
    private let index: Int

    private init(_ document: JSONDocument, _ index: Int) {
        self.document = document
        self.index = index
    }

    /// The value of a whole text.
    /// - Throws: a `DecodingError` if it is not JSON, `JSON.Limits.Exceeded`.
    public init(_ bytes: [UInt8], within limits: JSON.Limits) throws { self.init(try JSONDocument(bytes, within: limits), 0) }

    /// Whether a name or a text anywhere in the document has the character NUL, which Postgres cannot keep.
    public var documentHasNUL: Bool { self.document.hasNUL }

    private var node: JSONDocument.Node { self.document.nodes[self.index] }

    /// Whether it is `null`.
    public var isNull: Bool { self.node.kind == .null }

    /// Whether it is an object.
    public var isObject: Bool { self.node.kind == .object }

    /// Its text, if it is a string.
    public var string: String? {
        let node = self.node
        return node.kind == .string ? self.document.string(node) : nil
    }

    /// Whether it is `true`, if it is one of the two.
    public var bool: Bool? {
        switch self.node.kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// Its number, if it is a whole one that fits; `16.0` is one.
    public var integer: Int64? {
        let node = self.node
        return node.kind == .number ? self.document.integer(node, as: Int64.self) : nil
    }

    /// Its number, if it is one that fits.
    public var double: Double? {
        let node = self.node
        return node.kind == .number ? self.document.double(node) : nil
    }

    /// The value of an object's member, be it `null`; nil if it has none of that name. Of several, any one counts.
    public func member(_ name: String) -> JSONElement? {
        guard self.isObject else { return nil }
        return self.document.member(name, of: self.index).map { JSONElement(self.document, $0) }
    }

    /// The elements of an array, one after the other; nil if it is none.
    public var elements: Elements? { self.node.kind == .array ? Elements(self.document, self.index) : nil }

    /// The elements of an array.
    public struct Elements: Sequence, IteratorProtocol {
        private let document: JSONDocument
        private var index: Int
        /// How many are to come.
        public private(set) var count: Int

        fileprivate init(_ document: JSONDocument, _ index: Int) {
            self.document = document
            self.index = index + 1
            self.count = Int(document.nodes[index].count)
        }

        /// The next one.
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
