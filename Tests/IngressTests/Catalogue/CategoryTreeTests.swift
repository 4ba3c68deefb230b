import Conveyor
import Resources
import Shop
import Testing

@testable import Ingress

@Suite struct CategoryTreeTests {
    private static func id(_ number: Int) -> ID { ID(high: 1, low: UInt64(number)) }
    private static func category(_ number: Int, in parent: Int? = nil, isActive: Bool = true) -> CategoryBody {
        CategoryBody(
            id: self.id(number), name: "C\(number)", slug: "c\(number)", description: OrNull(nil), parentID: OrNull(parent.map(self.id)),
            isActive: isActive)
    }

    @Test func `children are nested in their parents, in the given order`() throws {
        let tree = try CategoryTree([Self.category(1), Self.category(3, in: 1), Self.category(2, in: 1), Self.category(4)])
        let json = try #require(JSON(tree.whole))
        #expect(json["items"].list.map { $0["slug"] } == ["c1", "c4"])
        #expect(json["items"].list[0]["children"].list.map { $0["slug"] } == ["c3", "c2"])
        #expect(json["items"].list[1]["children"] == [])
    }

    @Test func `descendants of a hidden category are hidden except from the staff`() throws {
        let tree = try CategoryTree([Self.category(1), Self.category(2, in: 1, isActive: false), Self.category(3, in: 2)])
        #expect(tree.visibleSubtree(of: "c1") == [Self.id(1)])
        #expect(tree.visibleSubtree(of: "c3") == nil)
        #expect(tree["c3"]?.isVisible == false)
        #expect(JSON(tree.whole)?["items"].list[0]["children"].list[0]["children"].list.count == 1)
    }

    @Test func `a category is found by its slug and by its id`() throws {
        let tree = try CategoryTree([Self.category(1)])
        #expect(tree["c1"]?.category.id == Self.id(1))
        #expect(tree[Self.id(1).description]?.category.slug == "c1")
        #expect(tree["c2"] == nil)
    }

    @Test func `a tree may be ten thousand levels deep`() throws {
        let tree = try CategoryTree((0..<10_000).map { Self.category($0, in: $0 == 0 ? nil : $0 - 1) })
        #expect(tree.whole.count > 1_000_000)
        #expect(tree.visibleSubtree(of: "c0")?.count == 10_000)
    }
}
