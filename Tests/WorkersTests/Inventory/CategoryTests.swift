import Conveyor
import ConveyorTesting
import Fixtures
import Postgres
import Shop
import Testing

@testable import Inventory

@Suite struct CategoryTests {
    private func category(_ name: String, slug: String? = nil, below parent: ID? = nil, attempt: Int = 1) -> Sent {
        Sent(CreateCategory(name: name, slug: slug, parentID: parent), attempt: attempt)
    }

    @Test func `a category's slug is derived from its name unless given`() async throws {
        try await withBench { bench in
            #expect(try await bench.handle(self.category("Café & Bar")).emitted == ["catalog.changed"])
            try await bench.handle(self.category("Café & Bar", slug: "bar"))
            #expect(
                try await bench.database.psql("select name, slug from categories order by slug") == [
                    ["Café & Bar", "bar"], ["Café & Bar", "cafe-bar"],
                ])
            let problem = try await bench.handle(self.category("!!!")).problem
            #expect(problem?.code == .invalid)
            #expect(problem?.errors?.map(\.field) == ["slug"])
        }
    }

    @Test func `a slug is unique, in a batch and concurrently`() async throws {
        try await withBench(connections: 8) { bench in
            let replies = try await bench.take([self.category("Pens"), self.category("pens"), self.category("Ink")]).map { try $0.reply }
            #expect(replies.map { $0.problem?.code } == [nil, .slugTaken, nil])
            let outcomes = try await withThrowingTaskGroup(of: Problem.Code?.self) { group in
                for _ in 0..<12 { group.addTask { try await bench.handle(self.category("Paper")).problem?.code } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.filter { $0 == nil }.count == 1)
            let ink = try #require(try await bench.owner.query("select id from categories where slug = 'ink'").decode(ID.self).first)
            #expect(try await bench.handle(UpdateCategory(categoryID: ink, slug: "pens")).problem?.code == .slugTaken)
            #expect(try await bench.handle(UpdateCategory(categoryID: ink, slug: "ink")).problem == nil)
        }
    }

    @Test func `no category becomes its own descendant, at any depth`() async throws {
        try await withBench { bench in
            let (a, b, c) = (self.category("A"), self.category("B"), self.category("C"))
            for message in [a, b, c] { try await bench.handle(message) }
            func move(_ category: ID, below parent: ID) async throws -> Problem.Code? {
                try await bench.handle(UpdateCategory(categoryID: category, parentID: parent)).problem?.code
            }
            #expect(try await move(a.id, below: a.id) == .categoryCycle)
            #expect(try await move(b.id, below: a.id) == nil)
            #expect(try await move(c.id, below: b.id) == nil)
            #expect(try await move(a.id, below: c.id) == .categoryCycle)
            #expect(try await bench.handle(UpdateCategory(categoryID: c.id, clearsParent: true)).problem == nil)
            #expect(try await move(a.id, below: c.id) == nil)
            #expect(try await move(c.id, below: b.id) == .categoryCycle)
        }
    }

    @Test func `simultaneous opposite moves keep the tree`() async throws {
        try await withBench(connections: 8) { bench in
            let categories = (0..<6).map { self.category("C\($0)") }
            for message in categories { try await bench.handle(message) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<40 {
                    let (child, parent) = (categories[Int.random(in: 0..<6)].id, categories[Int.random(in: 0..<6)].id)
                    group.addTask { try await bench.handle(UpdateCategory(categoryID: child, parentID: parent)) }
                }
                try await group.waitForAll()
            }
            // Every category is reachable from a root.
            #expect(
                try await bench.count(
                    """
                    with recursive tree as (
                        select id from categories where parent_id is null
                        union all select c.id from categories c join tree t on c.parent_id = t.id
                    ) select count(*) from tree
                    """) == 6)
        }
    }

    @Test func `a category with products or children cannot be deleted`() async throws {
        try await withBench { bench in
            let (parent, child) = (self.category("Paper"), ID.new())
            try await bench.handle(parent)
            try await bench.handle(Sent(CreateCategory(name: "Notebooks", parentID: parent.id), id: child))
            let product = Sent(CreateProduct(sku: "A", name: "a", unitAmount: 1, categoryID: child))
            try await bench.handle(product)
            #expect(try await bench.handle(DeleteCategory(categoryID: parent.id)).problem?.code == .categoryInUse)
            #expect(try await bench.handle(DeleteCategory(categoryID: child)).problem?.code == .categoryInUse)
            try await bench.handle(UpdateProduct(productID: product.id, clearsCategory: true))
            #expect(
                try await bench.take([Sent(DeleteCategory(categoryID: child)), Sent(DeleteCategory(categoryID: parent.id))]).allSatisfy {
                    try $0.reply.problem == nil
                })
            #expect(try await bench.handle(DeleteCategory(categoryID: child)).problem?.code == .notFound)
            #expect(try await bench.count("select count(*) from categories") == 0)
        }
    }

    @Test func `adding a product to a category that is being deleted succeeds or fails with it`() async throws {
        try await withBench(connections: 8) { bench in
            let product = try await bench.product()
            for round in 0..<15 {
                let category = self.category("Round \(round)")
                try await bench.handle(category)
                async let put = bench.take([Sent(UpdateProduct(productID: product, categoryID: category.id), attempt: 2)])
                async let removed = bench.take([Sent(DeleteCategory(categoryID: category.id))])
                let codes = [try await put[0].reply.problem?.code, try await removed[0].reply.problem?.code]
                #expect(codes == [nil, .categoryInUse] || codes == [.invalid, nil])
            }
        }
    }

    @Test func `an unknown parent is awaited for one attempt, then refused`() async throws {
        try await withBench { bench in
            let parent = ID.new()
            guard case .retried = try await bench.take([self.category("A", below: parent)])[0] else {
                Issue.record("it was not waited for")
                return
            }
            let problem = try await bench.handle(self.category("A", below: parent, attempt: 2)).problem
            #expect(problem?.code == .invalid)
            #expect(problem?.errors?.map(\.field) == ["parent_id"])
            #expect(try await bench.handle(Sent(UpdateCategory(categoryID: .new(), name: "x"))).problem?.code == .notFound)
        }
    }

    @Test func `a command older than the newest change of a field is rejected as a whole`() async throws {
        try await withBench { bench in
            let category = self.category("A")
            try await bench.handle(category)
            let later = Clock.milliseconds() + 1000
            try await bench.handle(Sent(UpdateCategory(categoryID: category.id, name: "newer", isActive: false), sentAt: later + 1))
            let older = UpdateCategory(categoryID: category.id, name: "older", description: "text")
            #expect(try await bench.handle(Sent(older, sentAt: later)).problem == .superseded)
            try await bench.handle(Sent(UpdateCategory(categoryID: category.id, description: "other"), sentAt: later))
            #expect(try await bench.database.psql("select name, slug, description, is_active from categories") == [["newer", "a", "other", "f"]])
        }
    }
}
