import Conveyor
import Postgres
import Resources
import Shop

/// All categories at one moment, with the answers made from them. There are few, and they seldom change.
struct CategoryTree: Sendable {
    /// A category with its subtree.
    struct Node: Sendable {
        let category: CategoryBody
        let answer: SharedAnswer
        fileprivate let json: [UInt8]
        fileprivate init(_ category: CategoryBody) throws {
            self.category = category
            self.json = try JSON.canonical(category)
            self.answer = SharedAnswer(json: self.json)
        }

        /// Whether it and all its ancestors are active, so that everyone sees it.
        fileprivate(set) var isVisible = false
        fileprivate var children: [ID] = []
    }

    private let nodes: [ID: Node]
    private let idsBySlug: [String: ID]

    /// The public part of the tree.
    let visible: SharedAnswer
    /// The whole tree, for the staff.
    let whole: [UInt8]

    /// - Parameter categories: in the order of siblings.
    init(_ categories: [CategoryBody]) throws {
        var nodes: [ID: Node] = [:]
        var roots: [ID] = []
        for category in categories { nodes[category.id] = try Node(category) }
        for category in categories {
            if let parent = category.parentID.value { nodes[parent]?.children.append(category.id) } else { roots.append(category.id) }
        }
        var next = roots
        while let id = next.popLast() {
            guard let node = nodes[id], node.category.isActive else { continue }
            nodes[id]?.isVisible = true
            next += node.children
        }
        self.nodes = nodes
        self.idsBySlug = Dictionary(uniqueKeysWithValues: categories.map { ($0.slug, $0.id) })
        self.visible = SharedAnswer(json: Self.json(roots, nodes, onlyVisible: true))
        self.whole = Self.json(roots, nodes, onlyVisible: false)
    }

    /// `{"items":[{…,"children":[…]}]}`, level by level without recursion, since the depth is not limited.
    private static func json(_ roots: [ID], _ nodes: [ID: Node], onlyVisible: Bool) -> [UInt8] {
        func shown(_ ids: [ID]) -> ArraySlice<Node> { ids.compactMap { nodes[$0] }.filter { $0.isVisible || !onlyVisible }[...] }
        var json = Array(#"{"items":["#.utf8)
        var levels = [shown(roots)]
        var isFirst = true
        while let level = levels.indices.last {
            if let node = levels[level].popFirst() {
                if !isFirst { json.append(UInt8(ascii: ",")) }
                json += node.json.dropLast()
                json += Array(#","children":["#.utf8)
                levels.append(shown(node.children))
                isFirst = true
            } else {
                levels.removeLast()
                json += Array("]}".utf8)
                isFirst = false
            }
        }
        return json
    }

    /// The category with this slug or id; nil if there is none.
    subscript(text: String) -> Node? {
        (self.idsBySlug[text] ?? ID(text)).flatMap { self.nodes[$0] }
    }

    /// The ids of a visible category and its visible descendants; nil if no category has this slug or id.
    func visibleSubtree(of text: String) -> [ID]? {
        guard let top = self[text], top.isVisible else { return nil }
        var ids: [ID] = []
        var next = [top]
        while let node = next.popLast() {
            ids.append(node.category.id)
            next += node.children.compactMap { self.nodes[$0] }.filter(\.isVisible)
        }
        return ids
    }
}
