import Conveyor
import ConveyorTesting
import Fixtures
import Postgres
import Shop
import Testing

/// Staff commands are checked by their handler, however they reach the queue.
@Suite struct StaffOnlyTests {
    /// The value that a command changes, and the query for it.
    private struct Act {
        let command: any Message
        let trace: String
    }

    private func acts(_ bench: Bench) async throws -> [Act] {
        let (paid, shipped, user) = (try await bench.order(.paid), try await bench.order(.shipped), try await bench.user())
        let (product, archived, category) = (try await bench.product(), try await bench.product(), ID.new())
        try await bench.handle(Sent(CreateCategory(name: "Books"), id: category))
        let other = ID.new()
        try await bench.handle(Sent(CreateCategory(name: "Maps"), id: other))
        return [
            Act(command: SetAccountFlags(userID: user, isSuperuser: true), trace: "select is_superuser from users where id = '\(user)'"),
            Act(command: ShipOrder(orderID: paid), trace: "select status = 'shipped' from orders where id = '\(paid)'"),
            Act(command: CompleteOrder(orderID: shipped), trace: "select status = 'completed' from orders where id = '\(shipped)'"),
            Act(
                command: AdjustStock(productID: product, set: 7, reason: "counted"),
                trace: "select stock_quantity = 7 from products where id = '\(product)'"),
            Act(command: UpdateProduct(productID: product, unitAmount: 1), trace: "select unit_amount = 1 from products where id = '\(product)'"),
            Act(command: ArchiveProduct(productID: archived), trace: "select not is_active from products where id = '\(archived)'"),
            Act(command: CreateProduct(sku: "NEW", name: "New", unitAmount: 1), trace: "select count(*) > 0 from products where sku = 'NEW'"),
            Act(command: CreateCategory(name: "Games"), trace: "select count(*) > 0 from categories where name = 'Games'"),
            Act(
                command: UpdateCategory(categoryID: category, name: "Tomes"), trace: "select name = 'Tomes' from categories where id = '\(category)'"),
            Act(command: DeleteCategory(categoryID: other), trace: "select count(*) = 0 from categories where id = '\(other)'"),
        ]
    }

    private func send(_ act: Act, by actor: String, _ bench: Bench) async throws -> (code: Problem.Code?, hasEffect: Bool) {
        var message = Sent(act.command)
        message.envelope.actor = actor
        let code = try await bench.handle(message).problem?.code
        return (code, try await bench.database.value(act.trace) == "t")
    }

    @Test func `staff commands from other actors are rejected and change nothing`() async throws {
        try await withBench { bench in
            let acts = try await self.acts(bench)
            let strangers = [
                try await bench.user().description, try await bench.user(isActive: false, isSuperuser: true).description, ID.new().description,
                "anonymous", "stripe", "", "System",
            ]
            for act in acts {
                for actor in strangers {
                    let (code, hasEffect) = try await self.send(act, by: actor, bench)
                    #expect(code == .forbidden, "\(act.command) by \(actor)")
                    #expect(!hasEffect, "\(act.command) by \(actor)")
                }
            }
            let staff = try await bench.user(isSuperuser: true).description
            for (act, actor) in zip(acts, [staff, "operator:ada", "system", staff, staff, staff, staff, staff, staff, staff]) {
                let (code, hasEffect) = try await self.send(act, by: actor, bench)
                #expect(code == nil, "\(act.command) by \(actor)")
                #expect(hasEffect, "\(act.command) by \(actor)")
            }
        }
    }

    @Test func `in a batch each message has the rights of its own sender`() async throws {
        try await withBench { bench in
            let product = try await bench.product(stock: 10)
            let (staff, customer) = (try await bench.user(isSuperuser: true), try await bench.user())
            let batch = [staff, customer, staff, customer].map { Sent(AdjustStock(productID: product, delta: 1, reason: "found"), by: $0) }
            let codes = try await bench.take(batch).map { try $0.reply.problem?.code }
            #expect(codes == [nil, .forbidden, nil, .forbidden])
            #expect(try await bench.stock(product) == 12)
        }
    }
}
